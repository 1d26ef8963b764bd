using Microsoft.Extensions.Configuration;
using OrleansStream.Model.Options.Configs;

namespace OrleansStream.Server.Configuration;

/// <summary>The Kafka section of the configuration: broker configs under their Kafka names, from file, environment and command line.</summary>
internal static class KafkaSection
{
    public const string Name = "Kafka";

    /// <exception cref="StartupException">A name is unknown or a value is wrong.</exception>
    public static BrokerConfigValues Read(IConfiguration configuration)
    {
        var set = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var child in configuration.GetSection(Name).GetChildren())
        {
            // Environment variables cannot carry every name in every shell: Kafka__num_partitions says num.partitions too.
            var name = child.Key.Contains('.', StringComparison.Ordinal) ? child.Key : child.Key.Replace('_', '.');
            name = name.ToLowerInvariant();
            if (child.Value is not { } value)
            {
                throw new StartupException($"Kafka:{name} has no value.");
            }

            if (name is "log.dirs" or "log.dir")
            {
                throw new StartupException($"Kafka:{name} is not how data is placed here: set --data or {ServerOptions.Section}:{nameof(ServerOptions.Data)}.");
            }

            if (BrokerConfigs.Find(name) is null)
            {
                throw new StartupException($"'{name}' is no broker config that OrleansStream knows. {Nearest.To(name, BrokerConfigs.All.Select(definition => definition.Name))}");
            }

            if (BrokerConfigValues.Check(name, value) is { } wrong)
            {
                throw new StartupException(wrong);
            }

            set[name] = value;
        }

        return new BrokerConfigValues(set);
    }
}
