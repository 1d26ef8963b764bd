using System.Collections.Concurrent;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Segments;

/// <summary>Partitions that could not be split, and for how long each is left alone: a cut that fails has read and written for nothing. Safe for any number of callers.</summary>
internal sealed class SplitPauses(TimeProvider time)
{
    private static readonly TimeSpan First = TimeSpan.FromMinutes(1);

    // Not longer: while the WAL is at its cap, producers wait for the splitter.
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(16);

    // Where there was nothing to do for this broker now: another one owns the partition, or is about to.
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<PartitionId, (long Since, TimeSpan Pause)> _failed = new();

    private readonly ConcurrentDictionary<PartitionId, long> _looked = new();

    public bool IsPaused(PartitionId partition) => _failed.TryGetValue(partition, out var last) && time.GetElapsedTime(last.Since) < last.Pause;

    /// <summary>Whether it was looked at a moment ago, and there was nothing to do.</summary>
    public bool WasLookedAt(PartitionId partition) => _looked.TryGetValue(partition, out var since) && time.GetElapsedTime(since) < Look;

    public void OnNothingToDo(PartitionId partition) => _looked[partition] = time.GetTimestamp();

    public void OnFailed(PartitionId partition)
    {
        var pause = !_failed.TryGetValue(partition, out var last) ? First : last.Pause * 2 < Longest ? last.Pause * 2 : Longest;
        _failed[partition] = (time.GetTimestamp(), pause);
    }

    public void OnSplit(PartitionId partition) => _failed.TryRemove(partition, out _);

    /// <summary>Forgets partitions that nobody asked for any more: deleted ones, and those whose WAL went by itself.</summary>
    public void ForgetOld()
    {
        foreach (var (partition, last) in _failed)
        {
            if (time.GetElapsedTime(last.Since) > 2 * Longest) _failed.TryRemove(partition, out _);
        }

        foreach (var (partition, since) in _looked)
        {
            if (time.GetElapsedTime(since) > Look) _looked.TryRemove(partition, out _);
        }
    }
}
