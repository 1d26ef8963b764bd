using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Lanes;

/// <summary>What a lane keeps of one partition: how many of its frames are under way, what the session holds of it, and its closed epoch.</summary>
public sealed class LanePartition
{
    public PartitionId Partition => throw new NotImplementedException();

    /// <summary>Frames with this epoch or a lower one are refused (rule B2); -1 at first.</summary>
    public LeaderEpoch ClosedEpoch => throw new NotImplementedException();
}
