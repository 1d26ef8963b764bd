using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Lanes;

/// <summary>
/// A store that has several blocks on their way at once, since one write takes long: docs/adr/0011-several-writes-in-flight.md. Its
/// <see cref="ILaneStore.Write"/> begins to write and returns. A block may be acknowledged when its slot lies below <see cref="ILaneStore.DurableEnd"/>,
/// which the store raises in slot order, from any thread, and then wakes the lane's writer. When the store has failed for good it wakes the writer too, and
/// throws from its next <see cref="ILaneStore.Write"/> or <see cref="ILaneStore.Tend"/>; the end is not raised any more.
/// </summary>
/// <remarks>The lane may end, and give the blocks up, while they are on their way: whoever still reads one holds a lease (<see cref="LaneBlock.Lease"/>).</remarks>
public interface IPipelinedLaneStore : ILaneStore
{
    /// <summary>Most blocks on their way at once; no more are given to <see cref="ILaneStore.Write"/>. 1 to 64, and the same for the store's life.</summary>
    int Depth { get; }

    /// <summary>
    /// The lane has ended: from here on the store sends no block, not even again. Called once, by the writer, after the last <see cref="ILaneStore.Write"/>.
    /// </summary>
    /// <returns>The first slot of which it is certain that no recovery finds it, nor any above it: the lowest that was never sent, or that holds a fence.</returns>
    Slot GiveUp();

    /// <summary>
    /// How many tries its service has refused since the start because it was asked too much. While it grows the lane waits longer between blocks: fewer and
    /// larger ones. From any thread.
    /// </summary>
    long Throttled => 0;
}
