using OrleansStream.Coordination.Groups.Journal;
using OrleansStream.Model.Ids;

namespace OrleansStream.Coordination.Groups.Offsets;

/// <summary>Which offsets are old enough to go.</summary>
internal static class OffsetExpiry
{
    /// <summary>
    /// An empty group's offsets are kept for the retention from when it became empty; those of a stable group of consumers, and of a
    /// group that only keeps offsets, from their commit. Topics that members subscribe to keep theirs, as do groups that rebalance or
    /// whose metadata the broker cannot read. An expiry that the commit itself asked for replaces the retention, not the other rules.
    /// </summary>
    public static List<PartitionId> Expired(DurableGroup durable, GroupStanding standing, TimeSpan retention, DateTimeOffset now)
    {
        var expired = new List<PartitionId>();
        if (!MayExpire(standing))
        {
            return expired;
        }

        var nowMs = now.ToUnixTimeMilliseconds();
        var retentionMs = (long)retention.TotalMilliseconds;
        long? emptySinceMs = standing is { ProtocolType: not null, State: GroupState.Empty } ? standing.StateSince.ToUnixTimeMilliseconds() : null;
        foreach (var (partition, committed) in durable.Offsets)
        {
            var goesAtMs = committed.ExpireTimestampMs ?? ((emptySinceMs ?? committed.CommitTimestampMs) + retentionMs);
            if (nowMs >= goesAtMs && !standing.IsSubscribedTo(committed.TopicName))
            {
                expired.Add(partition);
            }
        }

        return expired;
    }

    private static bool MayExpire(GroupStanding standing) =>
        standing.State is GroupState.Empty || standing is { State: GroupState.Stable, UsesConsumerProtocol: true, SubscribedTopics: not null };
}
