using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Serving;

/// <summary>
/// A fetch that waits for bytes: one object, linked into the wait list of each of its partitions. It is woken at most once, by enough new bytes,
/// by anything that changes an answer (a closed handle, a new epoch, a moved log start), by its deadline or by <see cref="Cancel"/>.
/// </summary>
public sealed class FetchWaiter
{
    /// <param name="missingBytes">New bytes, over all its partitions, that wake it.</param>
    /// <param name="onWake">Called once, on the dispatcher or the timer; must not block.</param>
    public FetchWaiter(long missingBytes, Action<FetchWaiter> onWake) => throw new NotImplementedException();

    /// <summary>Waits for frames of this partition at or above the offset. Bytes that came since the caller looked are counted, so nothing is missed.</summary>
    public void Watch(PartitionHandle handle, Offset from) => throw new NotImplementedException();

    /// <summary>Begins to wait. Wakes at once if enough came while it was being built.</summary>
    public void Start() => throw new NotImplementedException();

    /// <summary>Takes it off every list; the wake-up does not come any more unless it is already under way. Safe to call twice.</summary>
    public void Cancel() => throw new NotImplementedException();
}
