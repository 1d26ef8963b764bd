using System.CommandLine;
using OrleansStream.Server.Configuration;

namespace OrleansStream.Server.CommandLine;

/// <summary>The switches of serve. Everything that they set can also be set by file and environment; a switch wins.</summary>
internal sealed class ServeOptions
{
    private readonly Option<string?> _data = new("--data") { Description = "Directory of this broker's data." };
    private readonly Option<string?> _kafka = new("--kafka") { Description = "HOST:PORT for Kafka clients; localhost:9092 unless set." };
    private readonly Option<string?> _http = new("--http") { Description = "HOST:PORT for health and metrics; 127.0.0.1:8080 unless set." };
    private readonly Option<string?> _config = new("--config") { Description = "A JSON file with settings, read before environment and switches." };
    private readonly Option<string[]> _set = new("--set") { Description = "A setting, as Name=Value: a Kafka broker config by its name, or Section:Name.", AllowMultipleArgumentsPerToken = false };

    public void AddTo(Command command)
    {
        command.Add(_data);
        command.Add(_kafka);
        command.Add(_http);
        command.Add(_config);
        command.Add(_set);
    }

    /// <summary>The configuration: file, then environment, then switches.</summary>
    public ServeRequest Read(ParseResult parsed)
    {
        var switches = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
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
            switches[$"{KafkaSection.Name}:listeners"] = $"PLAINTEXT://{kafka}";
        }

        foreach (var setting in parsed.GetValue(_set) ?? [])
        {
            var equals = setting.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                throw new StartupException($"--set '{setting}' is not of the form Name=Value.");
            }

            // A name without a section is Kafka's own.
            var name = setting[..equals];
            switches[name.Contains(':', StringComparison.Ordinal) ? name : $"{KafkaSection.Name}:{name}"] = setting[(equals + 1)..];
        }

        return new ServeRequest(parsed.GetValue(_config), switches);
    }
}

/// <summary>What the command line asked for.</summary>
/// <param name="ConfigFile">A JSON file; null for none.</param>
/// <param name="Switches">Settings that win over file and environment.</param>
internal sealed record ServeRequest(string? ConfigFile, IReadOnlyDictionary<string, string?> Switches);
