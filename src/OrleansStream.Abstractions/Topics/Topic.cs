using System.Collections.Immutable;
using System.Globalization;
using OrleansStream.Model.Ids;

namespace OrleansStream.Abstractions.Topics;

/// <summary>A topic as the catalog knows it.</summary>
[GenerateSerializer, Immutable, Alias("os.Topic")]
public sealed record Topic
{
    [Id(0)]
    public required TopicId Id { get; init; }

    [Id(1)]
    public required string Name { get; init; }

    [Id(2)]
    public required int PartitionCount { get; init; }

    /// <summary>What the creator asked for. Storage replicates by itself: the number is remembered and shown, nothing else.</summary>
    [Id(3)]
    public required short ReplicationFactor { get; init; }

    /// <summary>Configs that were set on the topic, by their Kafka names; what is not here has the broker's default.</summary>
    [Id(4)]
    public ImmutableSortedDictionary<string, string> Configs { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Whether the other one says the same in every part: maps of configs are equal to a record only if they are one object.</summary>
    public bool Says(Topic other) => Id == other.Id && Name == other.Name && PartitionCount == other.PartitionCount && ReplicationFactor == other.ReplicationFactor
        && Configs.SequenceEqual(other.Configs);

    /// <summary>Why the topic cannot be given this many partitions, as Kafka says it and with the rule behind it; null if it has fewer now.</summary>
    public string? WhyNotGrownTo(int partitionCount) =>
        partitionCount > PartitionCount ? null
        : partitionCount == PartitionCount ? string.Create(CultureInfo.InvariantCulture, $"Topic already has {PartitionCount} partition(s).")
        : string.Create(CultureInfo.InvariantCulture, $"The topic {Name} currently has {PartitionCount} partition(s); {partitionCount} would not be an increase. Topics only grow: partitions are never taken away.");
}
