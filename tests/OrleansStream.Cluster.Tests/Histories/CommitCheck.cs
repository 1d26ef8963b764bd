namespace OrleansStream.Cluster.Tests.Histories;

/// <summary>
/// Committed offsets never go back: not from one acknowledged commit to the next, not for who asks, and not where a member begins to read.
/// </summary>
internal static class CommitCheck
{
    public static IEnumerable<Violation> Violations(History history)
    {
        var seen = history.CommittedOffsets.ToLookup(offset => (offset.Group, offset.Partition));
        var firstPolls = history.Polls.GroupBy(poll => poll.Reading).Select(polls => (Reading: history.Readings[polls.Key], First: polls.First()))
            .Where(begun => begun.Reading.Group is not null).ToLookup(begun => (Group: begun.Reading.Group!, begun.Reading.Partition));
        var commits = history.Commits.ToLookup(commit => (commit.Group, commit.Partition));
        foreach (var key in commits.Select(group => group.Key).Union(seen.Select(group => group.Key)).Union(firstPolls.Select(group => group.Key)))
        {
            var what = $"group {key.Group}, partition {key.Partition}";
            var bounds = new CommitBounds([.. commits[key]]);
            foreach (var commit in commits[key].Where(commit => commit.IsAcknowledged && bounds.LeastAt(commit.Started) > commit.Offset))
            {
                yield return new(ViolationKind.CommittedOffsetWentBack, $"{what}: {commit.Offset} was committed at {commit.Ended.TotalSeconds:0.000} s after {bounds.LeastAt(commit.Started)}");
            }
            foreach (var answer in seen[key])
            {
                // -1, nothing committed, is what a group begins with.
                if (bounds.LeastAt(answer.Started) is > 0 and var least && answer.Offset < least)
                {
                    yield return new(ViolationKind.CommittedOffsetWentBack, $"{what}: {answer.Offset} was answered at {answer.Ended.TotalSeconds:0.000} s after {least} had been committed");
                }
                if (answer.Offset > bounds.MostAt(answer.Ended))
                {
                    yield return new(ViolationKind.CommittedOffsetFromNowhere, $"{what}: {answer.Offset} was answered at {answer.Ended.TotalSeconds:0.000} s, nobody had committed more than {bounds.MostAt(answer.Ended)}");
                }
            }
            foreach (var (reading, first) in firstPolls[key])
            {
                if (first.Offset < bounds.LeastAt(reading.Began))
                {
                    yield return new(ViolationKind.CommittedOffsetWentBack, $"{what}: {reading.Consumer} began at {first.Offset} ({reading.Began.TotalSeconds:0.000} s) after {bounds.LeastAt(reading.Began)} had been committed");
                }
                if (first.Offset > bounds.MostAt(first.At))
                {
                    yield return new(ViolationKind.SkippedPoll, $"{what}: {reading.Consumer} began at {first.Offset} ({first.At.TotalSeconds:0.000} s), nobody had committed more than {bounds.MostAt(first.At)}");
                }
            }
        }
    }
}
