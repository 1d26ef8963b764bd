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
                if (Missing(append, producer.Kind, logs.GetValueOrDefault(append.Partition)) is { } missing) yield return missing;
            }
            else if (producer.Kind == ProducerKind.Idempotent)
            {
                yield return new(ViolationKind.GivenUp, $"partition {append.Partition}: {append.Name}, offered at {append.Started.TotalSeconds:0.000} s, {append.Outcome} at {append.Ended.TotalSeconds:0.000} s ({append.Error})");
            }
            else if (append.Outcome == AppendOutcome.Refused && producer.Kind == ProducerKind.Once && logs.GetValueOrDefault(append.Partition) is { } log && log.OffsetOf(append.Name) is { } offset)
            {
                yield return new(ViolationKind.RefusedAndStored, $"partition {append.Partition}: {append.Name}, offered at {append.Started.TotalSeconds:0.000} s, refused at {append.Ended.TotalSeconds:0.000} s ({append.Error}), is at {offset} in epoch {log.At(offset)?.Epoch}");
            }
        }
        foreach (var violation in Order(history, logs)) yield return violation;
    }

    // Of an idempotent producer a later record was acknowledged first, which says that this one is in the log, but not where: librdkafka tells no offset then.
    private static long? OffsetOf(in Append append, IReadOnlyDictionary<int, PartitionLog> logs) =>
        append.Offset >= 0 ? append.Offset : logs.GetValueOrDefault(append.Partition)?.OffsetOf(append.Name);

    private static Violation? Missing(in Append append, ProducerKind kind, PartitionLog? log)
    {
        var there = append.Offset < 0 && kind == ProducerKind.Idempotent && log?.OffsetOf(append.Name) is { } implied ? log.At(implied) : log?.At(append.Offset);
        if (there?.Name == append.Name) return null;

        var what = $"partition {append.Partition}: {append.Name} was acknowledged at {append.Offset} ({append.Ended.TotalSeconds:0.000} s)";
        return log?.OffsetOf(append.Name) is null
            ? new(ViolationKind.LostWrite, $"{what}; {(there is { } other ? $"{other.Name} is there" : "nothing is there")}, and it is nowhere")
            : new(ViolationKind.TwoRecordsAtOneOffset, $"{what}; {(there is { } stands ? $"{stands.Name} is there" : "nothing is there")}, and it is at {log.OffsetOf(append.Name)}");
    }

    // What was acknowledged before another record was offered, by whomever, stands before it. More is not promised but to idempotent producers (see LogCheck):
    // a client with one request in flight has one at each broker, and what the old leader refuses it sends again behind what the new one took meanwhile.
    private static IEnumerable<Violation> Order(History history, IReadOnlyDictionary<int, PartitionLog> logs)
    {
        var acknowledged = history.Appends.Where(append => append.Outcome == AppendOutcome.Acknowledged).Select(append => append with { Offset = OffsetOf(append, logs) ?? append.Offset });
        foreach (var partition in acknowledged.Where(append => append.Offset >= 0).GroupBy(append => append.Partition))
        {
            var ended = partition.OrderBy(append => append.Ended).ToArray();
            var (next, highest) = (0, (Append?)null);
            foreach (var append in partition.OrderBy(append => append.Started))
            {
                for (; ended[next].Ended < append.Started; next++)
                {
                    if (highest is not { } high || ended[next].Offset > high.Offset) highest = ended[next];
                }
                if (highest is { } before && append.Offset < before.Offset)
                {
                    yield return new(ViolationKind.Reordered, $"partition {append.Partition}: {append.Name}, offered at {append.Started.TotalSeconds:0.000} s, was acknowledged at {append.Offset}; {before.Name}, acknowledged at {before.Ended.TotalSeconds:0.000} s, stands at {before.Offset}");
                }
            }
        }
    }
}
