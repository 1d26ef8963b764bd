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

    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<PartitionId, byte> _partitions = new();
    private readonly ConcurrentDictionary<string, Failure> _failures = new(StringComparer.Ordinal);
    private long _failed;

    // When this process first read the name on a list: never a time written before the compare-and-set, which could have been an hour ago.
    private readonly ConcurrentDictionary<string, long> _firstRead = new(StringComparer.Ordinal);

    /// <summary>Partitions whose lists are known not to be empty.</summary>
    public int Partitions => _partitions.Count;

    /// <summary>Tries to delete an object that failed.</summary>
    public long FailedDeletes => Volatile.Read(ref _failed);

    /// <summary>Told of the first failure of each object, and of lists that could not be read. Must not throw.</summary>
    public Action<string, Exception>? OnFailed { get; init; }

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

    /// <summary>
    /// Deletes what was on its list for file.delete.delay.ms. Returns how many objects. What cannot be deleted keeps nothing else from going, and is tried
    /// again, ever more seldom.
    /// </summary>
    public async ValueTask<int> DeleteDueAsync(CancellationToken cancellationToken)
    {
        var deleted = 0;
        foreach (var (partition, _) in _partitions)
        {
            // Taken off before the list is read: whoever adds to it meanwhile puts it on again.
            _partitions.TryRemove(partition, out _);
            try
            {
                var stored = await store.GetAsync(partition, cancellationToken);
                if (stored is null || stored.Manifest.PendingDelete.IsEmpty) continue;

                Watch(partition);
                deleted += await DeleteDueAsync(stored.Manifest, cancellationToken);
            }
            catch (LogException error)
            {
                Watch(partition);
                OnFailed?.Invoke($"Objects of partition {partition} could not be taken off its list; it is tried again.", error);
            }
        }

        return deleted;
    }

    /// <summary>Deletes an object that nothing names. False if storage refused, now or a short time ago; it is to be tried again.</summary>
    internal async ValueTask<bool> TryDeleteAsync(string name, CancellationToken cancellationToken)
    {
        var now = time.GetTimestamp();
        if (_failures.TryGetValue(name, out var last) && time.GetElapsedTime(last.At, now) < last.Pause) return false;
        try
        {
            await objects.DeleteAsync(name, cancellationToken);
            _failures.TryRemove(name, out _);
            return true;
        }
        catch (LogException error)
        {
            Interlocked.Increment(ref _failed);
            var pause = last.Pause == default ? FirstPause : last.Pause * 2;
            _failures[name] = new Failure(now, pause < LongestPause ? pause : LongestPause);
            if (last.Pause == default) OnFailed?.Invoke($"The object '{name}' could not be deleted; it is tried again.", error);
            return false;
        }
    }

    private async ValueTask<int> DeleteDueAsync(Manifest manifest, CancellationToken cancellationToken)
    {
        var delay = handles.TryGet(manifest.Partition, out var handle) ? TimeSpan.FromMilliseconds(handle.Settings.FileDeleteDelayMs) : UsualDelay;
        var due = manifest.PendingDelete.Where(name => IsDue(name, delay)).ToHashSet(StringComparer.Ordinal);
        if (due.Count == 0) return 0;

        // First the object, then the list (rule D2): a name that no list has would be deleted by nobody but the sweep.
        foreach (var name in due.ToList())
        {
            if (!await TryDeleteAsync(name, cancellationToken)) due.Remove(name);
        }

        if (due.Count == 0) return 0;
        await manifests.EditAnyAsync(manifest.Partition, stands => Without(stands, due), cancellationToken);
        foreach (var name in due) _firstRead.TryRemove(name, out _);
        return due.Count;
    }

    private bool IsDue(string name, TimeSpan delay)
    {
        var now = time.GetTimestamp();
        return time.GetElapsedTime(_firstRead.GetOrAdd(name, now), now) >= delay && delay >= TimeSpan.Zero;
    }

    private readonly record struct Failure(long At, TimeSpan Pause);

    private static Manifest? Without(Manifest? manifest, HashSet<string> deleted)
    {
        if (manifest is null) return null;
        var left = manifest.PendingDelete.RemoveAll(deleted.Contains);
        return left.Length == manifest.PendingDelete.Length ? null : manifest with { PendingDelete = left };
    }
}
