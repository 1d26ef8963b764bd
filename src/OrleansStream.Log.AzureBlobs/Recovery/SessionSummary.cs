using OrleansStream.Log.Manifests;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Recovery;

/// <summary>What an ended session holds: all frames between its trim point and its end, whatever their epoch (rule O4).</summary>
/// <param name="Fenced">The session and its end.</param>
/// <param name="Partitions">Of each partition its frames, in offset order; of several copies the one in the highest slot counts.</param>
public sealed record SessionSummary(FencedSession Fenced, IReadOnlyDictionary<PartitionId, IReadOnlyList<WalExtent>> Partitions)
{
    /// <summary>Empty if the session has nothing of the partition.</summary>
    public IReadOnlyList<WalExtent> FramesOf(PartitionId partition) => Partitions.TryGetValue(partition, out var extents) ? extents : [];
}
