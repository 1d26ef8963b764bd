using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using OrleansStream.Log.Lanes;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Serving;

/// <summary>The partitions that are open on this broker. Looking one up takes no lock.</summary>
/// <param name="closedEpochs">Those of all lanes of this broker; their lock makes the test of an epoch and the publishing of its handle one step.</param>
public sealed class HandleTable(ClosedEpochs closedEpochs)
{
    private readonly ConcurrentDictionary<PartitionId, PartitionHandle> _handles = new();
    private readonly Lock _publishing = new();
    private int _count;

    /// <summary>A handle began to serve. Under the table's lock: count, and return.</summary>
    public event Action<PartitionHandle>? Opened;

    /// <summary>A handle that served has ended. Under the table's lock, like <see cref="Opened"/>.</summary>
    public event Action<PartitionHandle>? Withdrawn;

    /// <summary>Every open partition, in no order. May run beside changes: it then shows some of them.</summary>
    public IEnumerable<PartitionHandle> All
    {
        get
        {
            foreach (var pair in _handles) yield return pair.Value;
        }
    }

    public int Count => Volatile.Read(ref _count);

    public bool TryGet(PartitionId partition, [NotNullWhen(true)] out PartitionHandle? handle) => _handles.TryGetValue(partition, out handle);

    /// <summary>
    /// Lets a handle serve if its epoch is above the partition's closed epoch and above that of any handle here (rule O6). An older handle is closed:
    /// its clients look again and find the new one. False: the handle was closed, and the claim must be made anew.
    /// </summary>
    public bool TryPublish(PartitionHandle handle)
    {
        PartitionHandle? older;
        lock (_publishing)
        {
            if (_handles.TryGetValue(handle.Id, out older) && older.Epoch >= handle.Epoch)
            {
                if (ReferenceEquals(older, handle)) return handle.IsOwner;
                older = null;
            }
            else if (closedEpochs.TryPublish(handle.Id, handle.Epoch, () => Put(handle)))
            {
                Note(older);
                Opened?.Invoke(handle);
            }
            else
            {
                older = null;
            }
        }

        // Outside the lock: closing wakes waiters.
        older?.Close(ErrorCode.NotLeaderOrFollower);
        if (!handle.IsPublished) handle.Close(ErrorCode.NotLeaderOrFollower);
        if (handle.IsOwner) return true;

        // It was refused, or closed before it knew the table.
        Remove(handle);
        return false;
    }

    /// <summary>Closes the partition's handle if its epoch is not above this one; a newer one stays. To be called after the lane has closed the epoch.</summary>
    /// <param name="partition">Which.</param>
    /// <param name="epoch">The highest epoch that ends.</param>
    /// <param name="error">As for <see cref="PartitionHandle.Close"/>.</param>
    public void Withdraw(PartitionId partition, LeaderEpoch epoch, ErrorCode error)
    {
        if (TryGet(partition, out var handle) && handle.Epoch <= epoch) handle.Close(error);
    }

    /// <summary>
    /// Gives up a partition in order: no further frame of this epoch is taken by any lane, frames that have their place are published and answered, and
    /// clients hear NOT_LEADER_OR_FOLLOWER. Whoever wants the partition claims it anew.
    /// </summary>
    public void GiveUp(PartitionHandle handle)
    {
        closedEpochs.Close(handle.Id, handle.Epoch);
        handle.Close(ErrorCode.NotLeaderOrFollower);
    }

    /// <summary>Takes out this very handle; a newer one of the partition stays. By the handle that was closed.</summary>
    internal void Remove(PartitionHandle handle)
    {
        lock (_publishing)
        {
            if (!_handles.TryRemove(KeyValuePair.Create(handle.Id, handle))) return;
            Volatile.Write(ref _count, _count - 1);
            Withdrawn?.Invoke(handle);
        }
    }

    private void Put(PartitionHandle handle)
    {
        handle.EnterTable(this);
        _handles[handle.Id] = handle;
    }

    private void Note(PartitionHandle? replaced)
    {
        if (replaced is null) Volatile.Write(ref _count, _count + 1);
        else Withdrawn?.Invoke(replaced);
    }
}
