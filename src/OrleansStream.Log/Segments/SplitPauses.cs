using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Segments;

/// <summary>Partitions that could not be split, and for how long each is left alone: a cut that fails has read and written for nothing. Used by one task.</summary>
internal sealed class SplitPauses(TimeProvider time)
{
    private static readonly TimeSpan First = TimeSpan.FromMinutes(1);

    // Not longer: while the WAL is at its cap, producers wait for the splitter.
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(16);

    private readonly Dictionary<PartitionId, (long Since, TimeSpan Pause)> _failed = [];

    public bool IsPaused(PartitionId partition) => _failed.TryGetValue(partition, out var last) && time.GetElapsedTime(last.Since) < last.Pause;

    public void OnFailed(PartitionId partition)
    {
        var pause = !_failed.TryGetValue(partition, out var last) ? First : last.Pause * 2 < Longest ? last.Pause * 2 : Longest;
        _failed[partition] = (time.GetTimestamp(), pause);
    }

    public void OnSplit(PartitionId partition) => _failed.Remove(partition);

    /// <summary>Forgets partitions that nobody asked for any more: deleted ones, and those whose WAL went by itself.</summary>
    public void ForgetOld()
    {
        foreach (var (partition, last) in _failed)
        {
            if (time.GetElapsedTime(last.Since) > 2 * Longest) _failed.Remove(partition);
        }
    }
}
