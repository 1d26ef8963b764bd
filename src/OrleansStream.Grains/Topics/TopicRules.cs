using System.Collections.Immutable;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Model.Options.Configs;

namespace OrleansStream.Grains.Topics;

/// <summary>What may become of a topic's configs: pure functions from what stands and what is asked to what will stand, or to a refusal.</summary>
internal static class TopicRules
{
    /// <summary>More would make one catalog entry too large to travel in one frame.</summary>
    public const int MaxConfigBytes = 64 * 1024;

    /// <summary>The most partitions of one topic.</summary>
    public const int MaxPartitions = 100_000;

    /// <summary>The configs after the request, or null and what was wrong.</summary>
    public static (ImmutableSortedDictionary<string, string>? Configs, string? Wrong) Apply(Topic topic, ConfigureTopic request)
    {
        var configs = (request.ReplaceAll ? ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal) : topic.Configs).ToBuilder();
        foreach (var change in request.Changes)
        {
            if (TopicConfigs.Find(change.Name) is not { } definition)
            {
                if (change.Operation == ConfigOperation.Delete)
                {
                    // It is not set, and stays so. Tools take away what newer or older brokers had.
                    continue;
                }

                return (null, $"Unknown topic config name: {change.Name}");
            }

            if (ApplyOne(configs, definition, change) is { } wrong)
            {
                return (null, wrong);
            }
        }

        var result = configs.ToImmutable();
        return Check(result) is { } refused ? (null, refused) : (result, null);
    }

    /// <summary>Says what is wrong with a whole set of configs, or null.</summary>
    public static string? Check(IReadOnlyDictionary<string, string> configs) =>
        configs.Sum(pair => (long)pair.Key.Length + pair.Value.Length) > MaxConfigBytes
            ? $"The configs of a topic may have {MaxConfigBytes} characters in all."
            : TopicConfigs.Check(configs);

    private static string? ApplyOne(ImmutableSortedDictionary<string, string>.Builder configs, ConfigDefinition definition, ConfigChange change)
    {
        switch (change.Operation)
        {
            case ConfigOperation.Set:
                var value = change.Value?.Trim();
                if (definition.Check(value) is { } wrong)
                {
                    return wrong;
                }

                configs[change.Name] = value!;
                return null;
            case ConfigOperation.Delete:
                configs.Remove(change.Name);
                return null;
            case ConfigOperation.Append or ConfigOperation.Subtract when definition.Type != ConfigType.List:
                return $"Config value {change.Operation.ToString().ToLowerInvariant()} is not allowed for config key: {change.Name}";
            case ConfigOperation.Append or ConfigOperation.Subtract:
                return ApplyToList(configs, definition, change);
            default:
                return $"Unknown config operation {(byte)change.Operation} for {change.Name}.";
        }
    }

    private static string? ApplyToList(ImmutableSortedDictionary<string, string>.Builder configs, ConfigDefinition definition, ConfigChange change)
    {
        if (change.Value is null)
        {
            return definition.Check(null);
        }

        var items = ConfigText.ToItems(configs.GetValueOrDefault(change.Name) ?? definition.Default ?? "").ToList();
        foreach (var item in Named(change.Value))
        {
            if (change.Operation == ConfigOperation.Subtract)
            {
                items.Remove(item);
            }
            else if (!items.Contains(item, StringComparer.Ordinal))
            {
                items.Add(item);
            }
        }

        var result = string.Join(',', items);
        if (definition.Check(result) is { } wrong)
        {
            return wrong;
        }

        configs[change.Name] = result;
        return null;
    }

    // As Kafka 4.3.1 cuts what it is to add or to take away: spaces belong to an item, and of the commas those at the end stand for nothing.
    private static string[] Named(string value) => value switch
    {
        "" => [""],
        _ when value.TrimEnd(',') is { Length: > 0 } named => named.Split(','),
        _ => [],
    };
}
