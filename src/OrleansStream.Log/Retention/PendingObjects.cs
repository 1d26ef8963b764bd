using System.Collections.Concurrent;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Serving;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Retention;

/// <summary>Deletes the objects that manifests have dropped, when readers had time to finish (rule D2). Safe for any number of callers.</summary>
/// <param name="store">Where manifests stand.</param>
/// <param name="manifests">Takes deleted objects off their lists.</param>
/// <param name="objects">Where the objects stand.</param>
/// <param name="handles">Whose topics say how long to wait.</param>
/// <param name="time">The clock.</param>
public sealed class PendingObjects(IManifestStore store, ManifestEditor manifests, IObjectStore objects, HandleTable handles, TimeProvider time)
{
    /// <summary>What file.delete.delay.ms is for a partition that is not open.</summary>
    private static readonly TimeSpan UsualDelay = TimeSpan.FromSeconds(60);

    private readonly ConcurrentDictionary<PartitionId, byte> _partitions = new();

    // When this process first read the name on a list: never a time written before the compare-and-set, which could have been an hour ago.
    private readonly ConcurrentDictionary<string, long> _firstRead = new(StringComparer.Ordinal);

    /// <summary>Partitions whose lists are known not to be empty.</summary>
    public int Partitions => _partitions.Count;

    /// <summary>Looks after the list of this partition from now on, until it is empty.</summary>
    public void Watch(PartitionId partition) => _partitions[partition] = 0;

    /// <summary>Finds every list that is not empty. At start, since it is not written anywhere else which there are.</summary>
    public async ValueTask WatchAllAsync(CancellationToken cancellationToken)
    {
        await foreach (var stored in store.ListAsync(cancellationToken))
        {
            if (!stored.Manifest.PendingDelete.IsEmpty) Watch(stored.Manifest.Partition);
        }
    }

    /// <summary>Deletes what was on its list for file.delete.delay.ms. Returns how many objects.</summary>
    /// <exception cref="LogException">Storage failed; what was not deleted is tried again at the next call.</exception>
    public async ValueTask<int> DeleteDueAsync(CancellationToken cancellationToken)
    {
        var deleted = 0;
        foreach (var (partition, _) in _partitions)
        {
            // Taken off before the list is read: whoever adds to it meanwhile puts it on again.
            _partitions.TryRemove(partition, out _);
            var stored = await store.GetAsync(partition, cancellationToken);
            if (stored is null || stored.Manifest.PendingDelete.IsEmpty) continue;

            Watch(partition);
            deleted += await DeleteDueAsync(stored.Manifest, cancellationToken);
        }

        return deleted;
    }

    private async ValueTask<int> DeleteDueAsync(Manifest manifest, CancellationToken cancellationToken)
    {
        var delay = handles.TryGet(manifest.Partition, out var handle) ? TimeSpan.FromMilliseconds(handle.Settings.FileDeleteDelayMs) : UsualDelay;
        var due = manifest.PendingDelete.Where(name => IsDue(name, delay)).ToHashSet(StringComparer.Ordinal);
        if (due.Count == 0) return 0;

        // First the object, then the list (rule D2): a name that no list has would be deleted by nobody but the sweep.
        foreach (var name in due) await objects.DeleteAsync(name, cancellationToken);
        await manifests.EditAnyAsync(manifest.Partition, stands => Without(stands, due), cancellationToken);
        foreach (var name in due) _firstRead.TryRemove(name, out _);
        return due.Count;
    }

    private bool IsDue(string name, TimeSpan delay)
    {
        var now = time.GetTimestamp();
        return time.GetElapsedTime(_firstRead.GetOrAdd(name, now), now) >= delay && delay >= TimeSpan.Zero;
    }

    private static Manifest? Without(Manifest? manifest, HashSet<string> deleted)
    {
        if (manifest is null) return null;
        var left = manifest.PendingDelete.RemoveAll(deleted.Contains);
        return left.Length == manifest.PendingDelete.Length ? null : manifest with { PendingDelete = left };
    }
}
