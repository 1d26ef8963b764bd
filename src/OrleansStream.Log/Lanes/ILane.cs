using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Lanes;

/// <summary>A fenced, single-writer, totally ordered log of blocks: one life of it is a session. Safe for any number of callers.</summary>
public interface ILane
{
    SessionId Session { get; }

    /// <summary>Null while the lane lives.</summary>
    LaneEnd? End { get; }

    /// <summary>Completes when the lane has ended and every accepted frame was published or lost.</summary>
    Task<LaneEnd> Ended { get; }

    /// <summary>The partition's state in this lane, made at the first call. Keep it: it saves the look-up for each frame.</summary>
    LanePartition PartitionOf(PartitionId partition);

    /// <summary>
    /// Gives the frame its place in the lane: synchronous, without allocation. The caller holds whatever lock gave the offsets, so that of two frames of
    /// a partition the lower offset never stands in the later place (rule B2). An accepted frame must then be filled without delay:
    /// write <see cref="FramePlace.Destination"/>, then call <see cref="FramePlace.Filled"/>; the block cannot be written before.
    /// </summary>
    EnqueueStatus TryEnqueue(in FrameRequest request, out FramePlace place);

    /// <summary>Completes when <see cref="TryEnqueue"/> may find room again, or when the lane has ended.</summary>
    ValueTask RoomAsync(CancellationToken cancellationToken);

    /// <summary>Refuses every later frame of the partition with this epoch or a lower one; also in later sessions of this process. Only ever raised.</summary>
    void CloseEpoch(PartitionId partition, LeaderEpoch epoch);

    /// <summary>Completes when every frame of the partition that was accepted before the call is published or lost (rules O2, L3).</summary>
    Task DrainAsync(PartitionId partition, CancellationToken cancellationToken);

    /// <summary>What this session holds of each partition and no segment covers.</summary>
    LaneIndex Index { get; }

    /// <summary>
    /// Lets go of what is kept of a partition that is deleted: its tombstone stands, its frames are drained, and no open of it is under way, so that nothing
    /// can ask for it any more. Frames of a handle that still has its state are refused as before. A lane that keeps nothing does nothing.
    /// </summary>
    void Forget(PartitionId partition)
    {
    }

    /// <summary>Deletes what no longer is needed (rules T1 and T2). The lane itself finds the slot up to which that holds.</summary>
    ValueTask TrimAsync(CancellationToken cancellationToken);

    /// <summary>Seals and publishes everything accepted, records the durable end, and ends the lane.</summary>
    Task StopAsync(CancellationToken cancellationToken);
}
