using System.Collections.Concurrent;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Manifests;

/// <summary>Remembers the epochs of manifests that went through here, so that Metadata needs to ask nobody. What was seen longest ago is forgotten first.</summary>
/// <param name="store">Where manifests stand.</param>
/// <param name="most">Partitions to remember.</param>
internal sealed class SeenManifests(IManifestStore store, int most = SeenManifests.UsualMost) : IManifestStore
{
    // 100 bytes each, more or less.
    private const int UsualMost = 65_536;

    private readonly ConcurrentDictionary<PartitionId, LeaderEpoch> _epochs = new();
    private readonly ConcurrentQueue<PartitionId> _order = new();

    public int ClusterGeneration => store.ClusterGeneration;

    /// <summary>The epoch that was seen last; null if there was none, or a tombstone.</summary>
    public LeaderEpoch? EpochOf(PartitionId partition) => _epochs.TryGetValue(partition, out var epoch) ? epoch : null;

    public async ValueTask<StoredManifest?> GetAsync(PartitionId partition, CancellationToken cancellationToken)
    {
        var stored = await store.GetAsync(partition, cancellationToken);
        if (stored is not null) See(stored.Manifest);
        return stored;
    }

    public async ValueTask<ManifestWrite> CompareAndSetAsync(Manifest next, ETag? expected, CancellationToken cancellationToken)
    {
        var write = await store.CompareAndSetAsync(next, expected, cancellationToken);
        if (write.Outcome == ManifestOutcome.Written) See(next);
        return write;
    }

    // Whoever lists looks at all of them, also those that no broker asks for: they would push out what is asked for.
    public IAsyncEnumerable<StoredManifest> ListAsync(CancellationToken cancellationToken) => store.ListAsync(cancellationToken);

    public IAsyncEnumerable<StoredManifest> ListAsync(Func<PartitionId, bool> wanted, CancellationToken cancellationToken) => store.ListAsync(wanted, cancellationToken);

    // A read may come back later than a newer one: epochs only grow.
    private void See(Manifest manifest)
    {
        if (manifest.Deleted)
        {
            _epochs.TryRemove(manifest.Partition, out _);
            return;
        }

        if (_epochs.TryAdd(manifest.Partition, manifest.Epoch))
        {
            _order.Enqueue(manifest.Partition);
            while (_order.Count > most && _order.TryDequeue(out var oldest)) _epochs.TryRemove(oldest, out _);
            return;
        }

        _epochs.AddOrUpdate(manifest.Partition, manifest.Epoch, (_, known) => known.Value > manifest.Epoch.Value ? known : manifest.Epoch);
    }
}
