using System.Globalization;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains.Partitions;

/// <summary>What partitions are called where people read of them, behind the word "partition".</summary>
internal static class PartitionNames
{
    /// <param name="partition">Which.</param>
    /// <param name="topic">Its topic, if it is known.</param>
    /// <returns>Null if the topic is not known.</returns>
    public static string? Of(PartitionId partition, Topic? topic) =>
        partition.Topic == HiddenTopics.Catalog ? "of the catalog's journal"
        : partition.Topic == HiddenTopics.Groups ? string.Create(CultureInfo.InvariantCulture, $"{partition.Index} of the groups' journal")
        : topic is not null ? string.Create(CultureInfo.InvariantCulture, $"{topic.Name}-{partition.Index}") : null;
}
