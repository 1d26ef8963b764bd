using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Lanes;

/// <summary>What a partition has in a session that no segment covers.</summary>
/// <param name="State">What the lane keeps of the partition.</param>
/// <param name="LastOffset">The last such offset.</param>
/// <param name="Bytes">Of the frames.</param>
/// <param name="Carries">How often any of them was carried forward already.</param>
/// <param name="DueAt">When the oldest of them is too old to stay where it is, in the time provider's ticks (rule S1).</param>
internal readonly record struct UnsplitHolding(LanePartition State, Offset LastOffset, long Bytes, int Carries, long DueAt)
{
    public PartitionId Partition => State.Partition;
}
