namespace OrleansStream.Cluster.Tests.Histories;

/// <summary>What producers were told, against the log.</summary>
internal static class AppendCheck
{
    public static IEnumerable<Violation> Violations(History history, IReadOnlyDictionary<int, PartitionLog> logs)
    {
        foreach (var append in history.Appends)
        {
            var producer = history.Producers[append.Name.Producer];
            if (append.Outcome == AppendOutcome.Acknowledged)
            {
                if (Missing(append, logs.GetValueOrDefault(append.Partition)) is { } missing) yield return missing;
            }
            else if (producer.Kind == ProducerKind.Idempotent)
            {
                yield return new(ViolationKind.GivenUp, $"partition {append.Partition}: {append.Name}, offered at {append.Started.TotalSeconds:0.000} s, {append.Outcome} at {append.Ended.TotalSeconds:0.000} s");
            }
        }
        foreach (var violation in Order(history)) yield return violation;
    }

    private static Violation? Missing(in Append append, PartitionLog? log)
    {
        var there = log?.At(append.Offset);
        if (there?.Name == append.Name) return null;

        var what = $"partition {append.Partition}: {append.Name} was acknowledged at {append.Offset} ({append.Ended.TotalSeconds:0.000} s)";
        return log?.OffsetOf(append.Name) is null
            ? new(ViolationKind.LostWrite, $"{what}; {(there is { } other ? $"{other.Name} is there" : "nothing is there")}, and it is nowhere")
            : new(ViolationKind.TwoRecordsAtOneOffset, $"{what}; {(there is { } stands ? $"{stands.Name} is there" : "nothing is there")}, and it is at {log.OffsetOf(append.Name)}");
    }

    // One request at a time: what was acknowledged was acknowledged before the next was sent. Of records of unknown fate nothing is known, since a broker
    // that was frozen may append them later. Idempotent producers are held to more: see LogCheck.
    private static IEnumerable<Violation> Order(History history)
    {
        var acknowledged = history.Appends.Where(append => append.Outcome == AppendOutcome.Acknowledged);
        foreach (var one in acknowledged.GroupBy(append => (append.Name.Producer, append.Partition)))
        {
            Append? before = null;
            foreach (var append in one.OrderBy(append => append.Name.Sequence))
            {
                if (before is { } earlier && append.Offset <= earlier.Offset)
                {
                    yield return new(ViolationKind.Reordered, $"partition {append.Partition}: {append.Name} was acknowledged at {append.Offset}, {earlier.Name} before it at {earlier.Offset}");
                }
                before = append;
            }
        }
    }
}
