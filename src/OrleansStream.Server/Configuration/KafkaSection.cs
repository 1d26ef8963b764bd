using Microsoft.Extensions.Configuration;
using OrleansStream.Model.Options.Configs;

namespace OrleansStream.Server.Configuration;

/// <summary>The Kafka section of the configuration: broker configs under their Kafka names, from file, environment and command line.</summary>
/// <param name="Values">What was set and is shown to clients.</param>
/// <param name="WithoutEffect">What was set and changes nothing here, so that whoever expects something of it can be told.</param>
internal sealed record KafkaSection(BrokerConfigValues Values, IReadOnlyList<string> WithoutEffect)
{
    public const string Name = "Kafka";

    // Settings of one listener: all that there are speak of TLS and SASL, but for limits that are not kept here either.
    private const string PerListener = "listener.name.";

    /// <param name="configuration">All of it, made of sources whose names <see cref="KafkaNames"/> has brought to one spelling.</param>
    /// <exception cref="StartupException">A name is unknown or a value is wrong.</exception>
    public static KafkaSection Read(IConfiguration configuration)
    {
        var set = new Dictionary<string, string>(StringComparer.Ordinal);
        var withoutEffect = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var child in configuration.GetSection(Name).GetChildren())
        {
            var name = child.Key;
            if (child.Value is not { } value)
            {
                throw new StartupException($"Kafka:{name} has no value.");
            }

            var definition = Known(name, value);

            // Where data lies is --data's to say: Kafka's files are of no use here, and the config shows the data directory.
            var placesData = name is "log.dirs" or "log.dir";
            if (placesData || !BrokerConfigs.HasEffect(definition))
            {
                withoutEffect.Add(name);
            }

            if (!placesData)
            {
                set[name] = value;
            }
        }

        return new KafkaSection(new BrokerConfigValues(set), [.. withoutEffect]);
    }

    private static ConfigDefinition Known(string name, string value)
    {
        var definition = BrokerConfigs.Find(name);
        if (name.StartsWith(PerListener, StringComparison.Ordinal) || (definition is not null && BrokerConfigs.Protects(definition) && value.Length > 0 && value != definition.Default))
        {
            throw new StartupException($"Kafka:{name} asks for protection that this version does not have (TLS, SASL, ACLs, policies). Taken in vain it would leave the broker open: remove it, and keep the broker where only those who may use it reach it.");
        }

        if (definition is null)
        {
            throw new StartupException($"'{name}' is no broker config that OrleansStream knows. {Nearest.To(name, BrokerConfigs.All.Select(known => known.Name))}");
        }

        return BrokerConfigValues.Check(name, value) is { } wrong ? throw new StartupException(wrong) : definition;
    }
}
