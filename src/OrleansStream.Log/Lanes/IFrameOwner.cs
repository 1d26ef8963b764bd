using OrleansStream.Log.Blocks;

namespace OrleansStream.Log.Lanes;

/// <summary>The partition that a frame belongs to. Calls come from the lane's dispatcher, one at a time, in slot order; they must not block.</summary>
public interface IFrameOwner
{
    /// <summary>The frame is durable. The block may be leased during the call: <c>block.Frames[index]</c> is the frame.</summary>
    void OnPublished(Block block, int index, object? state);

    /// <summary>The lane ended before the frame was published: it is lost to this session's writer.</summary>
    /// <param name="end">Why.</param>
    /// <param name="mayBeStored">True: its block was on the way to storage, and recovery may find it. False: no recovery ever will, so that it can be sent again without being there twice.</param>
    /// <param name="state">As it was given.</param>
    void OnLost(LaneEnd end, bool mayBeStored, object? state);
}
