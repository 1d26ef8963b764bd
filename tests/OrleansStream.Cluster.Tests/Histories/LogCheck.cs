namespace OrleansStream.Cluster.Tests.Histories;

/// <summary>What the log of a partition says against itself.</summary>
internal static class LogCheck
{
    public static IEnumerable<Violation> Violations(PartitionLog log, IReadOnlyDictionary<int, ProducerFacts> producers) =>
        [.. Holes(log), .. Epochs(log), .. Names(log, producers)];

    private static IEnumerable<Violation> Holes(PartitionLog log)
    {
        var expected = 0L;
        foreach (var record in log.Records)
        {
            if (record.Offset != expected) yield return new(ViolationKind.HoleInLog, $"partition {log.Partition}: offset {record.Offset} stands where {expected} belongs");
            expected = record.Offset + 1;
        }
    }

    private static IEnumerable<Violation> Epochs(PartitionLog log)
    {
        var highest = -1;
        foreach (var record in log.Records)
        {
            if (record.Epoch < highest) yield return new(ViolationKind.EpochWentBack, $"partition {log.Partition}, offset {record.Offset}: epoch {record.Epoch} after {highest}");
            highest = Math.Max(highest, record.Epoch);
        }
    }

    // librdkafka sends again by itself what was under way to a broker that is gone: then its partition has another owner, and another epoch.
    private static bool MayBeTwice(ProducerFacts producer, int? firstEpoch, int epoch) =>
        producer.Kind == ProducerKind.AtLeastOnce || (producer is { Kind: ProducerKind.Once, Broker: null } && firstEpoch != epoch);

    private static IEnumerable<Violation> Names(PartitionLog log, IReadOnlyDictionary<int, ProducerFacts> producers)
    {
        var seen = new HashSet<RecordName>();
        var next = new Dictionary<int, int>();
        foreach (var record in log.Records)
        {
            var (name, where) = (record.Name, $"partition {log.Partition}, offset {record.Offset}");
            if (!producers.TryGetValue(name.Producer, out var producer))
            {
                yield return new(ViolationKind.ForeignRecord, where);
                continue;
            }
            if (!seen.Add(name))
            {
                var first = log.OffsetOf(name)!.Value;
                if (!MayBeTwice(producer, log.At(first)?.Epoch, record.Epoch)) yield return new(ViolationKind.Duplicate, $"{where}, epoch {record.Epoch}: {name} is also at {first}, epoch {log.At(first)?.Epoch}");
                continue;
            }
            if (producer.Kind != ProducerKind.Idempotent) continue;

            var expected = next.GetValueOrDefault(name.Producer);
            if (name.Sequence < expected) yield return new(ViolationKind.Reordered, $"{where}: {name} after {expected - 1} of the same producer");
            next[name.Producer] = Math.Max(expected, name.Sequence + 1);
        }
        foreach (var (producer, end) in next)
        {
            for (var sequence = 0; sequence < end; sequence++)
            {
                var name = new RecordName(producer, sequence);
                if (!seen.Contains(name)) yield return new(ViolationKind.MissingSequence, $"partition {log.Partition}: {name} is missing, later ones are there");
            }
        }
    }
}
