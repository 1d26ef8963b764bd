using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Lanes;

/// <summary>What a lane keeps of one partition: the slot of its latest frame, what the session holds of it, and its closed epoch.</summary>
public sealed class LanePartition
{
    private readonly ClosedEpochs.ClosedEpoch _closed;

    internal LanePartition(ILane lane, PartitionId partition, ClosedEpochs epochs)
    {
        Lane = lane;
        Partition = partition;
        _closed = epochs.StateOf(partition);
    }

    public PartitionId Partition { get; }

    /// <summary>Frames with this epoch or a lower one are refused (rule B2); -1 at first.</summary>
    public LeaderEpoch ClosedEpoch => new(Volatile.Read(ref _closed.Value));

    /// <summary>Whatever the lane's store keeps of the partition, so that it needs no look-up for each frame. Touched by the lane's writer alone.</summary>
    public object? StoreState { get; set; }

    internal ILane Lane { get; }

    /// <summary>The slot in which the latest accepted frame stands, -1 before the first. Guarded by the gate of rule B2.</summary>
    internal long LastSlot { get; set; } = -1;

    /// <summary>What the session holds of the partition. Guarded by the index.</summary>
    internal IndexedRuns Runs { get; } = new();

    /// <summary>Asked under the gate.</summary>
    internal bool IsClosed(LeaderEpoch epoch) => epoch.Value <= _closed.Value;
}
