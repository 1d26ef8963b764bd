using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Lanes;

/// <summary>What a partition has in the oldest slots of a session.</summary>
/// <param name="Partition">Which.</param>
/// <param name="LastOffset">The last offset that stands there.</param>
/// <param name="Bytes">Of the frames that stand there.</param>
/// <param name="Carries">How often any of them was carried forward already (rule S4 allows two).</param>
public readonly record struct LaneHolding(PartitionId Partition, Offset LastOffset, long Bytes, int Carries)
{
    /// <summary>What the lane kept of the partition when it was asked, in the index or not any more.</summary>
    internal LanePartition? State { get; init; }
}
