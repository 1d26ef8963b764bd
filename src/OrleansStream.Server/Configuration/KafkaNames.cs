using Microsoft.Extensions.Configuration;

namespace OrleansStream.Server.Configuration;

/// <summary>Kafka's names in one spelling, made so in each source by itself: two spellings of one name would be two keys, and neither could win over the other.</summary>
internal static class KafkaNames
{
    private const string Prefix = KafkaSection.Name + ":";

    /// <summary>Adds a source, in which Kafka's names may be spelled as its place allows.</summary>
    /// <param name="builder">Where it wins over what was added before.</param>
    /// <param name="source">One source.</param>
    /// <param name="place">Where its settings stand, for a sentence.</param>
    /// <exception cref="StartupException">The source says two things by two spellings of one name.</exception>
    public static IConfigurationBuilder AddSource(this IConfigurationBuilder builder, IConfiguration source, string place) =>
        builder.AddInMemoryCollection(Normalised(source, place));

    private static Dictionary<string, string?> Normalised(IConfiguration source, string place)
    {
        var settings = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        foreach (var (key, value) in source.AsEnumerable())
        {
            var name = Canonical(key);
            if (!settings.TryAdd(name, value) && settings[name] != value)
            {
                // The values are not told: there are passwords among Kafka's configs.
                throw new StartupException($"{name} is set twice {place}, in two spellings and to two values: keep one.");
            }
        }

        return settings;
    }

    // Environment variables cannot carry every name in every shell: Kafka__num_partitions says num.partitions too.
    private static string Canonical(string key)
    {
        if (!key.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
        {
            return key;
        }

        var name = key[Prefix.Length..];
        return Prefix + (name.Contains('.', StringComparison.Ordinal) ? name : name.Replace('_', '.')).ToLowerInvariant();
    }
}
