namespace OrleansStream.Log.Lanes;

/// <summary>How <see cref="ILane.TryEnqueue"/> answered.</summary>
public enum EnqueueStatus
{
    /// <summary>The frame has its place. It fails only if the lane ends.</summary>
    Accepted,

    /// <summary>Open blocks are at their bound: wait for <see cref="ILane.RoomAsync"/> and ask again. Nothing happened.</summary>
    Full,

    /// <summary>The frame's epoch is closed (rule B2): the caller is no owner any more and closes.</summary>
    EpochClosed,

    /// <summary>The lane has ended.</summary>
    Ended,

    /// <summary>There is no disk space for the frame. Nothing happened; space may return.</summary>
    NoSpace,
}
