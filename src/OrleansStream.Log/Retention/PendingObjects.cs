using System.Collections.Concurrent;
using System.Collections.Immutable;
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

    // A delay that was made shorter counts after so long at the latest.
    private static readonly TimeSpan LongestLook = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<PartitionId, Watched> _partitions = new();
    private readonly ConcurrentDictionary<string, Failure> _failures = new(StringComparer.Ordinal);
    private long _failed;

    /// <summary>Partitions whose lists are known not to be empty.</summary>
    public int Partitions => _partitions.Count;

    /// <summary>Tries to delete an object that failed.</summary>
    public long FailedDeletes => Volatile.Read(ref _failed);

    /// <summary>How long every object stays on its list at least, whatever the topic says: readers of a remote store may take long. Zero unless set.</summary>
    public TimeSpan LeastDelay { get; init; }

    /// <summary>Told of the first failure of each object, and of lists that could not be read. Must not throw.</summary>
    public Action<string, Exception>? OnFailed { get; init; }

    /// <summary>Looks after the list of this partition from now on, until it is empty.</summary>
    public void Watch(PartitionId partition) => _partitions.AddOrUpdate(partition, Watched.Now, static (_, watched) => watched with { NotBefore = long.MinValue });

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
        foreach (var watched in _partitions)
        {
            // Taken off before the list is read: whoever adds to it meanwhile puts it on again.
            var (partition, known) = watched;
            if (known.NotBefore > time.GetTimestamp() || !_partitions.TryRemove(watched)) continue;
            try
            {
                var stored = await store.GetAsync(partition, cancellationToken);
                if (stored is null || stored.Manifest.PendingDelete.IsEmpty) continue;

                var (count, next) = await DeleteDueAsync(stored.Manifest, known, cancellationToken);
                deleted += count;
                if (next is not null) WatchAgain(partition, next);
            }
            catch (LogException error)
            {
                WatchAgain(partition, known);
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

    private async ValueTask<(int Deleted, Watched? Next)> DeleteDueAsync(Manifest manifest, Watched known, CancellationToken cancellationToken)
    {
        var now = time.GetTimestamp();
        var firstRead = manifest.PendingDelete.Distinct(StringComparer.Ordinal).ToImmutableDictionary(static name => name, name => known.FirstRead.GetValueOrDefault(name, now), StringComparer.Ordinal);
        var delay = DelayOf(manifest.Partition);
        var due = delay < TimeSpan.Zero ? [] : manifest.PendingDelete.Where(name => time.GetElapsedTime(firstRead[name], now) >= delay).ToHashSet(StringComparer.Ordinal);

        // First the object, then the list (rule D2): a name that no list has would be deleted by nobody but the sweep.
        foreach (var name in due.ToList())
        {
            if (!await TryDeleteAsync(name, cancellationToken)) due.Remove(name);
        }

        if (due.Count > 0)
        {
            var edit = await manifests.EditAnyAsync(manifest.Partition, stands => Without(stands, due), cancellationToken);
            if (edit.Manifest is not { PendingDelete.IsEmpty: false }) return (due.Count, null);
        }

        firstRead = firstRead.RemoveRange(due);
        return (due.Count, new Watched(NextLook(firstRead, delay), firstRead));
    }

    private TimeSpan DelayOf(PartitionId partition)
    {
        if (!handles.TryGet(partition, out var handle)) return UsualDelay > LeastDelay ? UsualDelay : LeastDelay;
        var delay = TimeSpan.FromMilliseconds(handle.Settings.FileDeleteDelayMs);
        return delay < TimeSpan.Zero || delay > LeastDelay ? delay : LeastDelay;
    }

    // Where lists are remote, to read each of them every second would cost more than all that is deleted.
    private long NextLook(ImmutableDictionary<string, long> firstRead, TimeSpan delay)
    {
        var next = time.GetTimestamp() + TicksOf(LongestLook);
        foreach (var (name, since) in firstRead)
        {
            if (_failures.TryGetValue(name, out var failure)) next = Math.Min(next, failure.At + TicksOf(failure.Pause));
            else if (delay >= TimeSpan.Zero && delay < LongestLook) next = Math.Min(next, since + TicksOf(delay));
        }

        return next;
    }

    private void WatchAgain(PartitionId partition, Watched next) => _partitions.AddOrUpdate(partition, next, (_, newer) => newer with { FirstRead = next.FirstRead });

    private long TicksOf(TimeSpan span) => (long)(span.TotalSeconds * time.TimestampFrequency);

    /// <summary>A list that is looked after.</summary>
    /// <param name="NotBefore">When there may be something to do.</param>
    /// <param name="FirstRead">When this process first read each name there: never a time written before the compare-and-set, which could have been an hour ago.</param>
    private sealed record Watched(long NotBefore, ImmutableDictionary<string, long> FirstRead)
    {
        public static Watched Now { get; } = new(long.MinValue, ImmutableDictionary<string, long>.Empty);
    }

    private readonly record struct Failure(long At, TimeSpan Pause);

    private static Manifest? Without(Manifest? manifest, HashSet<string> deleted)
    {
        if (manifest is null) return null;
        var left = manifest.PendingDelete.RemoveAll(deleted.Contains);
        return left.Length == manifest.PendingDelete.Length ? null : manifest with { PendingDelete = left };
    }
}
