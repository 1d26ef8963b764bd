using Confluent.Kafka;

namespace OrleansStream.Cluster.Tests.Crashes;

/// <summary>Reads the whole log of a topic and holds it against what was promised.</summary>
internal sealed class LogAudit(string bootstrap, Writer writer)
{
    private static readonly TimeSpan SilenceLimit = TimeSpan.FromSeconds(30);

    /// <summary>Names each broken promise: lost, moved, duplicated, reordered, or shown to a reader and gone.</summary>
    public IEnumerable<string> Violations(IReadOnlyCollection<(TopicPartitionOffset Where, string Value)> seen)
    {
        var logs = Enumerable.Range(0, Writer.Partitions).Select(Read).ToList();
        foreach (var error in writer.FatalErrors) yield return $"{writer.Topic}: {error}";

        foreach (var report in writer.Reports.Where(report => report.Status == PersistenceStatus.Persisted))
        {
            var found = At(logs, report.TopicPartitionOffset);
            if (found != report.Value) yield return $"acknowledged at {report.TopicPartitionOffset}: {report.Value}, there: {found ?? "nothing"}";
        }
        foreach (var (where, value) in seen.Where(record => record.Where.Topic == writer.Topic))
        {
            if (At(logs, where) != value) yield return $"shown to a reader at {where}: {value}, there: {At(logs, where) ?? "nothing"}";
        }
        for (var partition = 0; partition < logs.Count; partition++)
        {
            foreach (var violation in OrderViolations(logs[partition])) yield return $"{writer.Topic} [{partition}]: {violation}";
            if (writer.IsIdempotent && logs[partition].Count != writer.Offered)
            {
                yield return $"{writer.Topic} [{partition}]: {logs[partition].Count} records for {writer.Offered} offered";
            }
        }
    }

    private static string? At(List<List<string>> logs, TopicPartitionOffset where) => logs[where.Partition.Value].ElementAtOrDefault((int)where.Offset.Value);

    private static IEnumerable<string> OrderViolations(List<string> log)
    {
        var last = -1;
        for (var offset = 0; offset < log.Count; offset++)
        {
            var number = int.Parse(log[offset]);
            if (number == last) yield return $"{number} is there twice, at {offset - 1} and {offset}";
            if (number < last) yield return $"{number} at {offset} comes after {last}";
            last = number;
        }
    }

    // Offsets without a gap, from zero on: the list's index is the offset.
    private List<string> Read(int partition)
    {
        var config = new ConsumerConfig { BootstrapServers = bootstrap, GroupId = "audit", EnableAutoCommit = false, CheckCrcs = true };
        using var consumer = new ConsumerBuilder<Ignore, string>(config).SetLogHandler((_, _) => { }).Build();
        var where = new TopicPartition(writer.Topic, partition);
        var end = consumer.QueryWatermarkOffsets(where, SilenceLimit).High.Value;
        consumer.Assign(new TopicPartitionOffset(where, 0));
        var log = new List<string>();
        while (log.Count < end)
        {
            var result = consumer.Consume(SilenceLimit) ?? throw new InvalidOperationException($"{where}: nothing came after offset {log.Count} of {end}.");
            if (result.Offset.Value != log.Count) throw new InvalidOperationException($"{where}: offset {result.Offset} follows {log.Count - 1}.");
            log.Add(result.Message.Value);
        }
        return log;
    }
}
