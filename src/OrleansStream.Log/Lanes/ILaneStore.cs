using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Lanes;

/// <summary>Where a lane's blocks go: files of a disk. Reserving may come from any thread, under a lock that every append takes; all else comes from the one writer.</summary>
public interface ILaneStore
{
    /// <summary>Every slot below it is known durable: what headers carry (rule F3). With relaxed sync it stays behind what was written.</summary>
    Slot DurableEnd { get; }

    /// <summary>
    /// Takes that many bytes out of the space that is known to be there, so that a later write cannot fail for want of it (rule B3). Neither waits nor
    /// calls the system. <see cref="EnqueueStatus.Full"/> if space is being made, after which <see cref="Lane.OnSpace"/> is called;
    /// <see cref="EnqueueStatus.NoSpace"/> if there is none.
    /// </summary>
    EnqueueStatus Reserve(int bytes);

    /// <summary>The same for a block that a journal or the lane itself must write, though nothing is left for records: deleting a topic on a full disk frees it.</summary>
    EnqueueStatus ReserveForJournal(int bytes) => Reserve(bytes);

    /// <summary>
    /// The same for the empty block that says that everything written is durable. Nobody else gets the last room of a store: without that block, damage to
    /// what was acknowledged last would pass for a torn write (rule F3).
    /// </summary>
    EnqueueStatus ReserveForDurableEnd(int bytes) => ReserveForJournal(bytes);

    /// <summary>Writes sealed blocks in their order, and returns when they may be acknowledged. Sets <see cref="LaneBlock.Region"/> of each.</summary>
    /// <exception cref="DiskException">They may stand or not. The failure is final (rule F1): the lane ends, and nothing is written after it.</exception>
    void Write(ReadOnlySpan<LaneBlock> blocks);

    /// <summary>Work that is due though nobody writes: a delayed sync, preparing space. Returns the time until it wants to be called again.</summary>
    /// <param name="isLast">The lane stops: whatever is delayed is due now.</param>
    /// <exception cref="DiskException">As for <see cref="Write"/>.</exception>
    TimeSpan Tend(bool isLast);

    /// <summary>
    /// No slot below this one is needed by anybody, for good: what holds only such slots may be deleted or used again. From any thread; the work is the writer's.
    /// Told again for the same slot from time to time, so that what could not be deleted is tried again.
    /// </summary>
    void Forget(Slot below);
}
