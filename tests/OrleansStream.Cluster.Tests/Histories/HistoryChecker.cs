namespace OrleansStream.Cluster.Tests.Histories;

/// <summary>Holds a whole history against what a cluster promises. It is pure: the same history gives the same violations.</summary>
internal static class HistoryChecker
{
    public static IReadOnlyList<Violation> Check(History history)
    {
        var logs = history.Logs.ToDictionary(log => log.Key, log => new PartitionLog(log.Key, log.Value));
        return
        [
            .. history.Remarks,
            .. logs.Values.SelectMany(log => LogCheck.Violations(log, history.Producers)),
            .. AppendCheck.Violations(history, logs),
            .. OwnerCheck.Violations(history, logs),
            .. PollCheck.Violations(history, logs),
            .. CommitCheck.Violations(history),
            .. CoverageCheck.Violations(history, logs),
        ];
    }
}
