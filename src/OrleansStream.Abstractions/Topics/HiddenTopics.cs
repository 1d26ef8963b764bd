using OrleansStream.Model.Ids;

namespace OrleansStream.Abstractions.Topics;

/// <summary>Topics that hold the broker's own journals. Their ids are fixed and always known; no client ever sees them.</summary>
public static class HiddenTopics
{
    /// <summary>One partition: names, ids, partition counts, configs, producer-id blocks.</summary>
    public static TopicId Catalog { get; } = new(new Guid("6f727365-0000-4000-8000-000000000001"));

    /// <summary>Group state and committed offsets.</summary>
    public static TopicId Groups { get; } = new(new Guid("6f727365-0000-4000-8000-000000000002"));

    /// <summary>How many partitions the journal of groups has. Fixed when a cluster is created: the hash of a group id goes by it.</summary>
    public const int GroupPartitions = 50;

    public static PartitionId CatalogPartition { get; } = new(Catalog, 0);

    public static bool Contains(TopicId topic) => topic == Catalog || topic == Groups;
}
