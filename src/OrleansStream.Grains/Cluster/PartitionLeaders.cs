using System.Collections.Concurrent;
using Orleans.Runtime;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains.Cluster;

/// <summary>
/// Which broker serves each partition that is open anywhere, and in which epoch, as far as this broker was told. Placement alone is not enough for clients:
/// between a change of the cluster and the move of a partition the former owner serves it, and a client that was once told an epoch does not believe who
/// tells it a lower one. So every broker tells the others what it opens and closes (<see cref="NewsToPeers"/>); nobody asks, and an idle cluster says nothing.
/// </summary>
internal sealed class PartitionLeaders : IDisposable
{
    private readonly ConcurrentDictionary<PartitionId, Leader> _known = new();
    private readonly CatalogView _catalog;
    private int _topics;

    public PartitionLeaders(CatalogView catalog)
    {
        _catalog = catalog;
        catalog.Changed += OnCatalogChanged;
    }

    public int Count => _known.Count;

    /// <summary>The newest that was said of the partition; null if nothing was.</summary>
    public Leader? Find(PartitionId partition) => _known.TryGetValue(partition, out var leader) ? leader : null;

    /// <summary>Takes what a broker says of a partition, unless a later claim is known. Of one epoch its end is the last word, and that it is left comes before that.</summary>
    public void Note(PartitionId partition, Leader said) => _known.AddOrUpdate(
        partition,
        static (_, said) => said,
        static (_, known, said) => said.Epoch > known.Epoch || (said.Epoch == known.Epoch && said.Stage > known.Stage) ? said : known,
        said);

    /// <summary>Partitions whose last known broker is gone, or was started anew, and had not closed them.</summary>
    public IEnumerable<PartitionId> ServedByNoneOf(ClusterLayout layout)
    {
        foreach (var (partition, leader) in _known)
        {
            if (leader.IsServing && !leader.Silo.Equals(layout.Find(leader.Broker)?.Silo))
            {
                yield return partition;
            }
        }
    }

    /// <summary>What this silo serves, as far as was told.</summary>
    public IReadOnlyList<PartitionId> ServedBy(SiloAddress silo) =>
        [.. _known.Where(known => known.Value.IsServing && known.Value.Silo.Equals(silo)).Select(static known => known.Key)];

    public void Dispose() => _catalog.Changed -= OnCatalogChanged;

    // Ids are never used again: what was said of a deleted topic is of no use to anybody.
    private void OnCatalogChanged(CatalogSnapshot snapshot)
    {
        if (Interlocked.Exchange(ref _topics, snapshot.Count) <= snapshot.Count)
        {
            return;
        }

        foreach (var partition in _known.Keys)
        {
            if (!HiddenTopics.Contains(partition.Topic) && snapshot.Find(partition.Topic) is null)
            {
                _known.TryRemove(partition, out _);
            }
        }
    }
}

/// <summary>What a broker said of a partition.</summary>
/// <param name="Broker">Who.</param>
/// <param name="Silo">Its silo then: what an earlier silo of the broker served, the broker does not serve by that.</param>
/// <param name="Epoch">In which it serves the partition, or did.</param>
/// <param name="IsServing">False once it has closed the partition.</param>
/// <param name="IsLeaving">It has let go of the partition on its way out of the cluster, and nobody is known to have claimed it.</param>
internal readonly record struct Leader(BrokerId Broker, SiloAddress Silo, LeaderEpoch Epoch, bool IsServing, bool IsLeaving = false)
{
    /// <summary>How far it is with this epoch; it only goes on.</summary>
    public int Stage => !IsServing ? 2 : IsLeaving ? 1 : 0;
}
