using System.Net;
using System.Net.Sockets;
using OrleansStream.Model.Options.Configs;

namespace OrleansStream.Server.Configuration;

/// <summary>Reads Kafka's listeners and advertised.listeners, and refuses what would leave clients without a way in.</summary>
internal static class ListenerParser
{
    private const string DefaultListeners = "PLAINTEXT://localhost:9092";

    /// <exception cref="StartupException">A listener is malformed, asks for what is not offered, or binds every address and advertises none.</exception>
    public static IReadOnlyList<Listener> Parse(BrokerConfigValues configs)
    {
        var controllers = ConfigText.ToList(configs["controller.listener.names"] ?? "");
        var protocols = Protocols(configs["listener.security.protocol.map"]!);
        // Kafka's own default binds every address; ours is reachable from this machine alone until somebody asks for more.
        var listeners = configs.IsSet("listeners") ? configs["listeners"]! : DefaultListeners;
        var advertised = OfClients(configs["advertised.listeners"] ?? "", "advertised.listeners", controllers)
            .Distinct()
            .GroupBy(part => part.Name, StringComparer.Ordinal)
            .ToDictionary(parts => parts.Key, parts => parts.Count() == 1 ? parts.First() : throw new StartupException($"advertised.listeners names {parts.Key} twice."), StringComparer.Ordinal);

        var parsed = OfClients(listeners, "listeners", controllers)
            .Select(part => RefuseSecured(part, protocols))
            .Select(part => Resolve(part, advertised.TryGetValue(part.Name, out var told) ? told : null)).ToList();

        if (parsed.Count == 0)
        {
            throw new StartupException("listeners is empty: name at least one, such as PLAINTEXT://localhost:9092.");
        }

        if (parsed.DistinctBy(listener => listener.Name, StringComparer.Ordinal).Count() != parsed.Count)
        {
            throw new StartupException($"listeners names one listener twice: {listeners}.");
        }

        return advertised.Keys.FirstOrDefault(name => parsed.All(listener => listener.Name != name)) is { } stranger
            ? throw new StartupException($"advertised.listeners names {stranger}, which is not among listeners.")
            : parsed;
    }

    /// <summary>HOST:PORT as given to --kafka or --http; IPv6 addresses stand in brackets.</summary>
    public static (string Host, int Port) HostAndPort(string text, string option)
    {
        if (text.Contains("://", StringComparison.Ordinal))
        {
            throw new StartupException($"{option} is '{text}'; it takes HOST:PORT without a scheme, such as {text[(text.IndexOf("://", StringComparison.Ordinal) + 3)..].TrimEnd('/')}.");
        }

        var colon = text.LastIndexOf(':');
        var host = colon < 0 ? "" : text[..colon].Trim('[', ']');
        return colon >= 0 && ushort.TryParse(text.AsSpan(colon + 1), out var port)
            ? (host, port)
            : throw new StartupException($"{option} is '{text}'; it takes HOST:PORT with a port from 0 to 65535.");
    }

    /// <summary>The addresses that a host stands for when it is bound.</summary>
    public static IReadOnlyList<IPEndPoint> BindAddresses(string host, int port, string option)
    {
        if (host.Equals("localhost", StringComparison.OrdinalIgnoreCase))
        {
            return Socket.OSSupportsIPv6
                ? [new IPEndPoint(IPAddress.Loopback, port), new IPEndPoint(IPAddress.IPv6Loopback, port)]
                : [new IPEndPoint(IPAddress.Loopback, port)];
        }

        if (host.Length == 0)
        {
            return [new IPEndPoint(IPAddress.Any, port)];
        }

        if (IPAddress.TryParse(host, out var address))
        {
            return [new IPEndPoint(address, port)];
        }

        try
        {
            return Dns.GetHostAddresses(host).Distinct().Select(found => new IPEndPoint(found, port)).ToList();
        }
        catch (SocketException exception)
        {
            throw new StartupException($"{option} names the host '{host}', which has no address here.", exception);
        }
    }

    // A Kafka node that is broker and controller in one lists a listener for controllers too; there are none here, so it is left out.
    private static IEnumerable<Part> OfClients(string listeners, string config, IReadOnlyList<string> controllers) =>
        ConfigText.ToList(listeners).Select(text => Split(text, config)).Where(part => !controllers.Contains(part.Name, StringComparer.OrdinalIgnoreCase));

    private static Listener Resolve(Part part, Part? advertised)
    {
        var bind = BindAddresses(part.Host, part.Port, "listeners");
        if (advertised is { } told)
        {
            return told.Host.Length > 0 && !IsAny(told.Host)
                ? new Listener(part.Name, bind, told.Host, told.Port)
                : throw new StartupException($"advertised.listeners gives '{told.Host}' for {part.Name}; clients need a host that they can reach.");
        }

        return part.Host.Length > 0 && !IsAny(part.Host)
            ? new Listener(part.Name, bind, part.Host, part.Port)
            : throw new StartupException(
                $"{part.Name} listens on every address, so clients cannot be told where to connect: set advertised.listeners, such as {part.Name}://broker.example.com:{part.Port}.");
    }

    private static Dictionary<string, string> Protocols(string map)
    {
        var protocols = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var entry in ConfigText.ToList(map))
        {
            var colon = entry.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0 || !protocols.TryAdd(entry[..colon].Trim(), entry[(colon + 1)..].Trim().ToUpperInvariant()))
            {
                throw new StartupException($"listener.security.protocol.map contains '{entry}'; each entry is written NAME:PROTOCOL, each name once.");
            }
        }

        return protocols;
    }

    private static Part RefuseSecured(Part part, Dictionary<string, string> protocols)
    {
        if (!protocols.TryGetValue(part.Name, out var protocol))
        {
            throw new StartupException($"listeners names {part.Name}, for which listener.security.protocol.map has no protocol: add {part.Name}:PLAINTEXT.");
        }

        return protocol == "PLAINTEXT" ? part : throw new StartupException($"The listener {part.Name} asks for {protocol}; this version offers PLAINTEXT only.");
    }

    private static bool IsAny(string host) => IPAddress.TryParse(host, out var address) && (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any));

    private static Part Split(string text, string config)
    {
        var scheme = text.IndexOf("://", StringComparison.Ordinal);
        if (scheme <= 0)
        {
            throw new StartupException($"{config} contains '{text}'; a listener is written NAME://HOST:PORT.");
        }

        var name = text[..scheme].ToUpperInvariant();
        var (host, port) = HostAndPort(text[(scheme + 3)..], config);
        return new Part(name, host, port);
    }

    private readonly record struct Part(string Name, string Host, int Port);
}
