using OrleansStream.Abstractions.Topics;
using OrleansStream.Grains.Cluster;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains.Partitions;

/// <summary>
/// What producers are told of partitions that are about to move. Who goes to a broker that cannot take a partition waits there for nothing, while the one that
/// serves it is healthy: so no broker is named that was asked and took none, until it takes one or the cluster changes. Safe for any number of callers.
/// </summary>
/// <param name="members">Which name who is to have a partition.</param>
/// <param name="handles">The partitions that are open here.</param>
/// <param name="isOn">Whether anybody is told anything.</param>
internal sealed class MoveNotices(ClusterMembers members, HandleTable handles, bool isOn)
{
    // A notice is written by the layout that it was read from, or by a later one: never by one that OnChanged has gone by already.
    private readonly Lock _lock = new();
    private readonly HashSet<BrokerId> _doubted = [];
    private readonly HashSet<PartitionId> _refused = [];

    public void Announce(IEnumerable<PartitionHandle> leaving)
    {
        lock (_lock)
        {
            foreach (var handle in leaving)
            {
                var next = members.PlacedOn(handle.Id);
                var isTold = isOn && next != members.Self && !HiddenTopics.Contains(handle.Id.Topic) && !_doubted.Contains(next) && !_refused.Contains(handle.Id);
                handle.Announce(isTold ? next : null);
            }
        }
    }

    public void TakeBack(IEnumerable<PartitionHandle> staying)
    {
        lock (_lock)
        {
            foreach (var handle in staying)
            {
                handle.Announce(null);
            }
        }
    }

    /// <summary>Takes back what was announced of partitions that stay after all, or go to yet another broker.</summary>
    public void TakeBackOutdated()
    {
        lock (_lock)
        {
            Clear(handle => handle.Next!.Broker != members.PlacedOn(handle.Id));
        }
    }

    /// <summary>The cluster is another one: who could not take anything before may be able to now.</summary>
    public void OnChanged()
    {
        lock (_lock)
        {
            _doubted.Clear();
            _refused.Clear();
        }

        TakeBackOutdated();
    }

    /// <summary>The broker has not answered for a while: nobody is sent there until it takes something.</summary>
    public void Doubt(BrokerId target)
    {
        lock (_lock)
        {
            _doubted.Add(target);
            Clear(handle => handle.Next!.Broker == target);
        }
    }

    /// <summary>The broker was asked for these, and what it did not take by now stays for a while.</summary>
    /// <returns>Whether it took any.</returns>
    public bool Asked(BrokerId target, IReadOnlyCollection<PartitionHandle> partitions)
    {
        var hasTaken = partitions.Any(static handle => !handle.IsOwner);
        if (!hasTaken)
        {
            Doubt(target);
            return false;
        }

        lock (_lock)
        {
            _doubted.Remove(target);
            foreach (var handle in partitions.Where(static handle => handle.IsOwner))
            {
                _refused.Add(handle.Id);
                handle.Announce(null);
            }
        }

        return true;
    }

    /// <summary>Nothing is about to move any more.</summary>
    public void End()
    {
        lock (_lock)
        {
            _doubted.Clear();
            _refused.Clear();
            Clear(static _ => true);
        }
    }

    private void Clear(Func<PartitionHandle, bool> isOver)
    {
        foreach (var handle in handles.All)
        {
            if (handle.Next is not null && isOver(handle))
            {
                handle.Announce(null);
            }
        }
    }
}
