using OrleansStream.Log.Blocks;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Storage;

/// <summary>Whether a frame is wanted, by its line in the directory.</summary>
public delegate bool FrameFilter(in FrameEntry frame);

/// <summary>Reads blocks for somebody who wants frames of many partitions: each block once, for all of them.</summary>
public interface IBlockFrames
{
    /// <summary>Whether it is known without a request that the block holds no frame that is wanted, so that reading it would bring nothing.</summary>
    /// <param name="session">Of the lane.</param>
    /// <param name="slot">Where a block stands.</param>
    /// <param name="isWanted">Asked for frames of the block, on the caller's thread.</param>
    bool IsKnownToLack(SessionId session, Slot slot, FrameFilter isWanted);

    /// <summary>Adds the frames of one block that are wanted, as leases: partition by partition, those of one partition in offset order. Copies are not told apart (rule R2).</summary>
    /// <param name="session">Of the lane.</param>
    /// <param name="slot">Where a block stands.</param>
    /// <param name="isWanted">Asked for each frame of the block; may be asked on another thread than the caller's.</param>
    /// <param name="into">Added to; what was added before an exception stays there.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>How many requests to storage it took: none for what is at hand.</returns>
    /// <exception cref="LogException">The block could not be read, or bytes of it do not verify. Others of its frames may be sound.</exception>
    ValueTask<int> ReadAsync(SessionId session, Slot slot, FrameFilter isWanted, FrameList into, CancellationToken cancellationToken);
}
