using System.Net;
using OrleansStream.Clustering.AzureTables.Accounts;
using OrleansStream.Log.AzureBlobs.Accounts;

namespace OrleansStream.Server.Configuration;

/// <summary>Where a cluster keeps everything: its log in a container, its members in a table of the same account.</summary>
/// <param name="Blobs">Account and container.</param>
/// <param name="Silo">Where the other brokers reach this one.</param>
/// <param name="SiloListen">Where it listens for them.</param>
internal sealed record ClusterStorage(BlobAccountOptions Blobs, IPEndPoint Silo, IPEndPoint SiloListen)
{
    /// <summary>What is told of it to people.</summary>
    public string Place => $"container {Blobs.Container} of {(Blobs.AccountUrl is { } url ? url.Host : "the storage account of the connection string")}";

    /// <summary>Null if nothing names a storage account: then the broker is by itself.</summary>
    /// <exception cref="StartupException">An option breaks its rule. No message repeats a connection string.</exception>
    public static ClusterStorage? Read(IConfiguration configuration, ServerOptions server)
    {
        var section = configuration.GetSection(BlobAccountOptions.Section);
        var named = section.Get<BlobAccountOptions>() ?? new BlobAccountOptions();
        var own = (named.ConnectionString ?? named.AccountUrl?.ToString()) is not null;
        if (server.Storage is null && !own) return null;
        if (server.Storage is { } storage)
        {
            if (own) throw new StartupException($"--storage and {BlobAccountOptions.Section} both name a storage account: keep one of them.");
            if (string.IsNullOrWhiteSpace(storage)) throw new StartupException("--storage is empty; it takes an account URL such as https://NAME.blob.core.windows.net, or a connection string.");
            // Told in the words of whoever set it: he has not heard of the options that it stands for.
            if (BlobAccountOptions.FaultOf(storage) is { } fault) throw new StartupException($"--storage (OrleansStream:Storage) {fault}");
            var of = BlobAccountOptions.Of(storage);
            (named.ConnectionString, named.AccountUrl) = (of.ConnectionString, of.AccountUrl);
        }

        var silo = Advertised(server.Silo);
        return new ClusterStorage(OptionSections.Validated(named, BlobAccountOptions.Section), silo, server.SiloListen is { } listen ? Address(listen, "OrleansStream:SiloListen") : silo);
    }

    /// <summary>The same account for the tables and blobs that Orleans itself uses.</summary>
    public void Apply(StorageAccountOptions options)
    {
        options.ConnectionString = Blobs.ConnectionString;
        options.AccountUrl = Blobs.AccountUrl;
        options.ManagedIdentityClientId = Blobs.ManagedIdentityClientId;
    }

    // Orleans tells other silos an address, never a name.
    private static IPEndPoint Advertised(string text)
    {
        var silo = Address(text, "--silo");
        return silo.Address.Equals(IPAddress.Any) || silo.Address.Equals(IPAddress.IPv6Any)
            ? throw new StartupException($"--silo is '{text}'; it takes the IP address at which the cluster's other brokers reach this one. OrleansStream:SiloListen may name every address of this machine.")
            : silo;
    }

    // Port 0 would be another one at each start, and a restart could not take its own place.
    private static IPEndPoint Address(string text, string option)
    {
        var (host, port) = ListenerParser.HostAndPort(text, option);
        if (!IPAddress.TryParse(host, out var address)) throw new StartupException($"{option} is '{text}'; it takes an IP address and a port.");
        return port > 0 ? new IPEndPoint(address, port) : throw new StartupException($"{option} is '{text}'; it takes a port from 1 to 65535, the same at every start.");
    }
}
