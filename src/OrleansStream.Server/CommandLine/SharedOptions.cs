using System.CommandLine;
using OrleansStream.Server.Configuration;

namespace OrleansStream.Server.CommandLine;

/// <summary>The switches, which count before a verb and after it. Everything that they set can also be set by file, by environment and as <c>--Section:Name=Value</c>; a switch wins.</summary>
internal sealed class SharedOptions
{
    private const string Listeners = KafkaSection.Name + ":listeners";

    private readonly Option<string?> _data = new("--data") { Description = "Directory of this broker's data.", Recursive = true };
    private readonly Option<string?> _kafka = new("--kafka") { Description = "HOST:PORT for Kafka clients; localhost:9092 unless set.", Recursive = true };
    private readonly Option<string?> _http = new("--http") { Description = "HOST:PORT for health and metrics; 127.0.0.1:8080 unless set.", Recursive = true };
    private readonly Option<string?> _config = new("--config") { Description = "A JSON file, or a Kafka broker's .properties file; read before environment and switches.", Recursive = true };

    public void AddTo(Command root)
    {
        root.Add(_data);
        root.Add(_kafka);
        root.Add(_http);
        root.Add(_config);
    }

    /// <summary>What was asked for, with the settings that stood between the switches.</summary>
    /// <exception cref="StartupException">A switch has a value that it cannot have.</exception>
    public ServeRequest Read(ParseResult parsed, IReadOnlyDictionary<string, string?> settings)
    {
        var switches = new Dictionary<string, string?>(settings, StringComparer.OrdinalIgnoreCase);
        if (parsed.GetValue(_data) is { } data)
        {
            switches[$"{ServerOptions.Section}:{nameof(ServerOptions.Data)}"] = data;
        }

        if (parsed.GetValue(_http) is { } http)
        {
            switches[$"{ServerOptions.Section}:{nameof(ServerOptions.Http)}"] = http;
        }

        if (parsed.GetValue(_kafka) is { } kafka)
        {
            ListenerParser.HostAndPort(kafka, "--kafka");
            var listener = $"PLAINTEXT://{kafka}";
            if (switches.TryGetValue(Listeners, out var listeners) && !listener.Equals(listeners, StringComparison.OrdinalIgnoreCase))
            {
                throw new StartupException($"--kafka {kafka} stands for --{Listeners}={listener}, but --{Listeners}={listeners} is given too: keep one of them.");
            }

            switches[Listeners] = listener;
        }

        return new ServeRequest(parsed.GetValue(_config), switches);
    }
}
