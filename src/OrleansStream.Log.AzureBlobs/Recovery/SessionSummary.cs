using OrleansStream.Log.Manifests;
using OrleansStream.Log.Producers;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Recovery;

/// <summary>What an ended session holds: all frames between its trim point and its end, whatever their epoch (rule O4).</summary>
/// <param name="Fenced">The session and its end.</param>
/// <param name="Partitions">The frames of each partition.</param>
public sealed record SessionSummary(FencedSession Fenced, IReadOnlyDictionary<PartitionId, SessionFrames> Partitions)
{
    /// <summary>Memory that it takes, as an estimate.</summary>
    internal long ChargedBytes => Partitions.Sum(static partition => 140L + (partition.Value.Extents.Count * 80L) + (partition.Value.Producers?.ChargedBytes ?? 0));

    /// <summary>Empty if the session has nothing of the partition.</summary>
    public IReadOnlyList<WalExtent> FramesOf(PartitionId partition) => Partitions.TryGetValue(partition, out var frames) ? frames.Extents : [];

    /// <summary>Null if nothing is known of the partition's producers there.</summary>
    public ProducerDelta? ProducersOf(PartitionId partition) => Partitions.TryGetValue(partition, out var frames) ? frames.Producers : null;
}
