using OrleansStream.Abstractions.Topics;
using OrleansStream.Model.Ids;

namespace OrleansStream.Kafka.Gateway.Partitions;

/// <summary>Looks up what a client names in one catalog snapshot.</summary>
internal static class TopicPartitions
{
    /// <summary>The partition that the client means, or the code for it: a name may be only unknown yet while the catalog is being read.</summary>
    public static ErrorCode Resolve(CatalogView catalog, string topicName, int index, out PartitionId partition) =>
        Resolve(catalog, catalog.Current.Find(topicName), index, out partition);

    /// <summary>The same for a topic that was looked up before; null if it was not found.</summary>
    public static ErrorCode Resolve(CatalogView catalog, Topic? topic, int index, out PartitionId partition)
    {
        if (topic is not null && (uint)index < (uint)topic.PartitionCount)
        {
            partition = new PartitionId(topic.Id, index);
            return ErrorCode.None;
        }

        partition = default;
        return catalog.IsLoaded ? ErrorCode.UnknownTopicOrPartition : ErrorCode.NotLeaderOrFollower;
    }

    /// <summary>The topic of this name. One that is not known here is looked for once more where the catalog is: it may have been created by way of another broker just now.</summary>
    public static async ValueTask<Topic?> FindAsync(this CatalogView catalog, string name, ICatalogUpdates updates, CancellationToken gone)
    {
        if (catalog.Current.Find(name) is { } topic)
        {
            return topic;
        }

        await updates.LookAgainAsync(gone);
        return catalog.Current.Find(name);
    }

    /// <summary>What a client's idea of the leader epoch is worth: -1 is no idea, an older one is fenced, a newer one is not known here yet.</summary>
    public static ErrorCode CheckEpoch(int asked, LeaderEpoch actual) =>
        asked < 0 || asked == actual.Value ? ErrorCode.None
        : asked < actual.Value ? ErrorCode.FencedLeaderEpoch
        : ErrorCode.UnknownLeaderEpoch;
}
