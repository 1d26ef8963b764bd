using OrleansStream.Log.Blocks;
using OrleansStream.Log.Economy;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Lanes;

/// <summary>What a partition asks its lane to carry.</summary>
public readonly struct FrameRequest
{
    /// <summary>The partition's state in this lane, from <see cref="ILane.PartitionOf"/>.</summary>
    public required LanePartition Partition { get; init; }

    public required LeaderEpoch Epoch { get; init; }

    public required Offset BaseOffset { get; init; }

    public required Offset LastOffset { get; init; }

    public required long MaxTimestampMs { get; init; }

    public required int Length { get; init; }

    public required FrameKind Kind { get; init; }

    /// <summary>Who is told when the frame is durable or lost. Called on the lane's dispatcher, in lane order.</summary>
    public required IFrameOwner Owner { get; init; }

    /// <summary>Given back to the owner as it is.</summary>
    public object? State { get; init; }

    /// <summary>How long the frame may wait for company before its block is sealed: as long as <see cref="LaneSetup.Linger"/> has it for the class. The least unless set.</summary>
    public LatencyClass LatencyClass { get; init; }

    /// <summary>A copy of a frame that stands in the lane already: it takes nothing of what the store keeps for journals.</summary>
    internal bool IsCarried { get; init; }
}
