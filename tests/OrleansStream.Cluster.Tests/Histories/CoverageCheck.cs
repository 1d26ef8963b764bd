namespace OrleansStream.Cluster.Tests.Histories;

/// <summary>Whoever was to read everything has: each group as a whole, and each reader by hand.</summary>
internal static class CoverageCheck
{
    public static IEnumerable<Violation> Violations(History history, IReadOnlyDictionary<int, PartitionLog> logs)
    {
        var readings = history.Readings.Values.ToLookup(reading => reading.Group ?? reading.Consumer);
        var polls = history.Polls.ToLookup(poll => poll.Reading);
        foreach (var reader in history.Readers.Keys)
        {
            foreach (var log in logs.Values)
            {
                var shown = readings[reader].Where(reading => reading.Partition == log.Partition).SelectMany(reading => polls[reading.Number]).Select(poll => poll.Offset).ToHashSet();
                var missing = log.Records.Where(record => !shown.Contains(record.Offset)).ToList();
                if (missing.Count > 0) yield return new(ViolationKind.NeverRead, $"{reader}, partition {log.Partition}: {missing.Count} of {log.Records.Count} records, the first at {missing[0].Offset}");
            }
        }
    }
}
