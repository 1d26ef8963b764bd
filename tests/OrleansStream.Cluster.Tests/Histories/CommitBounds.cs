namespace OrleansStream.Cluster.Tests.Histories;

/// <summary>Between which offsets the committed one of a group and partition lies at a time.</summary>
internal sealed class CommitBounds
{
    private readonly List<(TimeSpan At, long Offset)> _acknowledged;
    private readonly List<(TimeSpan At, long Offset)> _tried;

    public CommitBounds(IReadOnlyCollection<Commit> commits)
    {
        _acknowledged = Rising(commits.Where(commit => commit.IsAcknowledged).Select(commit => (commit.Ended, commit.Offset)));
        _tried = Rising(commits.Select(commit => (commit.Started, commit.Offset)));
    }

    /// <summary>The highest offset whose commit was acknowledged by then; 0 if none was.</summary>
    public long LeastAt(TimeSpan time) => At(_acknowledged, time);

    /// <summary>The highest offset that anybody had tried to commit by then; 0 if nobody had.</summary>
    public long MostAt(TimeSpan time) => At(_tried, time);

    // For each time the highest offset until then.
    private static List<(TimeSpan At, long Offset)> Rising(IEnumerable<(TimeSpan At, long Offset)> offsets)
    {
        var rising = new List<(TimeSpan At, long Offset)>();
        foreach (var (at, offset) in offsets.OrderBy(entry => entry.At))
        {
            if (rising.Count == 0 || offset > rising[^1].Offset) rising.Add((at, offset));
        }
        return rising;
    }

    private static long At(List<(TimeSpan At, long Offset)> rising, TimeSpan time)
    {
        var (low, high) = (0, rising.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (rising[middle].At <= time) low = middle + 1;
            else high = middle;
        }
        return low == 0 ? 0 : rising[low - 1].Offset;
    }
}
