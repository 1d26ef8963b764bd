using System.CommandLine;
using System.Globalization;
using OrleansStream.Server.Configuration;

namespace OrleansStream.Server.CommandLine;

/// <summary>The switches, which count before a verb and after it. Everything that they set can also be set by file, by environment and as <c>--Section:Name=Value</c>; a switch wins.</summary>
internal sealed class SharedOptions
{
    private const string Listeners = KafkaSection.Name + ":listeners";
    private const string NodeId = KafkaSection.Name + ":node.id";

    private readonly Option<string?> _data = new("--data") { Description = "Directory of this broker's data.", Recursive = true };
    private readonly Option<string?> _kafka = new("--kafka") { Description = "HOST:PORT for Kafka clients; localhost:9092 unless set.", Recursive = true };
    private readonly Option<string?> _storage = new("--storage") { Description = "Storage account of a cluster: an account URL, or a connection string for development. Without it one broker on local files.", Recursive = true };
    private readonly Option<string?> _id = new("--id") { Description = "This broker's number in the cluster; 1 unless set.", Recursive = true };
    private readonly Option<string?> _silo = new("--silo") { Description = "IP:PORT where the cluster's other brokers reach this one; 127.0.0.1:11111 unless set.", Recursive = true };
    private readonly Option<string?> _http = new("--http") { Description = "HOST:PORT for health and metrics; 127.0.0.1:8080 unless set.", Recursive = true };
    private readonly Option<string?> _config = new("--config") { Description = "A JSON file, or a Kafka broker's .properties file; read before environment and switches.", Recursive = true };

    public void AddTo(Command root)
    {
        root.Add(_data);
        root.Add(_storage);
        root.Add(_id);
        root.Add(_silo);
        root.Add(_kafka);
        root.Add(_http);
        root.Add(_config);
    }

    /// <summary>What was asked for, with the settings that stood between the switches.</summary>
    /// <exception cref="StartupException">A switch has a value that it cannot have.</exception>
    public ServeRequest Read(ParseResult parsed, IReadOnlyDictionary<string, string?> settings)
    {
        var switches = new Dictionary<string, string?>(settings, StringComparer.OrdinalIgnoreCase);
        Own(nameof(ServerOptions.Data), _data);
        Own(nameof(ServerOptions.Storage), _storage);
        Own(nameof(ServerOptions.Silo), _silo);
        Own(nameof(ServerOptions.Http), _http);
        if (parsed.GetValue(_kafka) is { } kafka)
        {
            ListenerParser.HostAndPort(kafka, "--kafka");
            StandFor($"--kafka {kafka}", Listeners, $"PLAINTEXT://{kafka}");
        }

        if (parsed.GetValue(_id) is { } id)
        {
            if (!int.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out _)) throw new StartupException($"--id is '{id}'; it takes a whole number from 0 to {int.MaxValue}.");
            StandFor($"--id {id}", NodeId, id);
        }

        return new ServeRequest(parsed.GetValue(_config), switches);

        void Own(string name, Option<string?> option)
        {
            if (parsed.GetValue(option) is { } value) switches[$"{ServerOptions.Section}:{name}"] = value;
        }

        void StandFor(string given, string name, string value)
        {
            if (switches.TryGetValue(name, out var other) && !value.Equals(other, StringComparison.OrdinalIgnoreCase))
            {
                throw new StartupException($"{given} stands for --{name}={value}, but --{name}={other} is given too: keep one of them.");
            }

            switches[name] = value;
        }
    }
}
