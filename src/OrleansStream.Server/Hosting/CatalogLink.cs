using OrleansStream.Abstractions.Topics;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Ids;

namespace OrleansStream.Server.Hosting;

/// <summary>What the log asks of the catalog. The log is there before the catalog that is kept in it, so the way to it is set later.</summary>
internal sealed class CatalogLink
{
    /// <summary>Asks the catalog's owner whether a topic exists. Answers when the silo is up, and not before.</summary>
    public Func<TopicId, Task<bool>>? Catalog { get; set; }

    /// <summary>The settings of a partition, as this broker's copy of the catalog has them.</summary>
    public Func<PartitionId, PartitionSettings?> Settings { get; set; } = static _ => null;

    /// <summary>The name of a partition for people, as this broker's copy of the catalog has it.</summary>
    public Func<PartitionId, string?> Name { get; set; } = static _ => null;

    /// <summary>The name of a topic, as this broker's copy of the catalog has it.</summary>
    public Func<TopicId, string?> TopicName { get; set; } = static _ => null;

    public async ValueTask<bool> ConfirmAsync(PartitionId partition, CancellationToken cancellationToken) =>
        HiddenTopics.Contains(partition.Topic) || (Catalog is { } catalog && await catalog(partition.Topic).WaitAsync(cancellationToken));
}
