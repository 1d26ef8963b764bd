using System.Globalization;

namespace OrleansStream.Testing.Brokers;

/// <summary>What a broker of ours is told of the cluster that it belongs to.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Storage">A connection string.</param>
/// <param name="SiloPort">Where the others reach it, on loopback.</param>
/// <param name="SiloListenPort">Where it listens for them, if that is another port: then something between passes the bytes on.</param>
public sealed record ClusterMember(int Id, string Storage, int SiloPort, int? SiloListenPort = null)
{
    internal IEnumerable<string> Switches()
    {
        string[] switches = ["--storage", Storage, "--id", Id.ToString(CultureInfo.InvariantCulture), "--silo", $"127.0.0.1:{SiloPort}"];
        return SiloListenPort is { } port ? [.. switches, $"--OrleansStream:SiloListen=127.0.0.1:{port}"] : switches;
    }
}
