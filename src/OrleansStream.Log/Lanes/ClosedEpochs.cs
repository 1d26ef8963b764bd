using System.Collections.Concurrent;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Lanes;

/// <summary>
/// The closed epoch of every partition, for the life of the process: lanes come and go, what was closed in one stays closed in the next. Its lock is the
/// lock of rule B2, shared by the lanes of the process: a frame is checked and placed, an epoch is raised and a handle is published under it.
/// </summary>
public sealed class ClosedEpochs
{
    private readonly ConcurrentDictionary<PartitionId, ClosedEpoch> _epochs = new();

    internal Lock Gate { get; } = new();

    /// <summary>Frames of the partition with this epoch or a lower one are refused; -1 at first.</summary>
    public LeaderEpoch Of(PartitionId partition) => new(Volatile.Read(ref StateOf(partition).Value));

    /// <summary>Closes the epoch and all before it. When it returns, no later frame with such an epoch gets a place in any lane. Never lowers anything.</summary>
    public void Close(PartitionId partition, LeaderEpoch epoch)
    {
        var state = StateOf(partition);
        lock (Gate)
        {
            if (epoch.Value > state.Value) Volatile.Write(ref state.Value, epoch.Value);
        }
    }

    /// <summary>How many partitions it knows.</summary>
    public int Count => _epochs.Count;

    /// <summary>Runs the action if the epoch is open, in one step with the test (rule O6): publishing a handle. False if the epoch is closed; nothing ran.</summary>
    /// <param name="partition">Whose epoch.</param>
    /// <param name="epoch">The epoch that was claimed.</param>
    /// <param name="publish">Runs under the lock that every append of the broker takes: short, without waiting, without calls into a lane.</param>
    public bool TryPublish(PartitionId partition, LeaderEpoch epoch, Action publish)
    {
        var state = StateOf(partition);
        lock (Gate)
        {
            if (epoch.Value <= state.Value) return false;

            publish();
            return true;
        }
    }

    /// <summary>Forgets a partition that nobody can open any more.</summary>
    internal void Forget(PartitionId partition) => _epochs.TryRemove(partition, out _);

    internal ClosedEpoch StateOf(PartitionId partition) => _epochs.GetOrAdd(partition, static _ => new ClosedEpoch());

    /// <summary>One partition's closed epoch; written under <see cref="Gate"/>.</summary>
    internal sealed class ClosedEpoch
    {
        public int Value = LeaderEpoch.None.Value;
    }
}
