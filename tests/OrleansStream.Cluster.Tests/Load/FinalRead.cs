using Confluent.Kafka;
using OrleansStream.Cluster.Tests.Histories;

namespace OrleansStream.Cluster.Tests.Load;

/// <summary>Reads every partition from its start to its end.</summary>
internal static class FinalRead
{
    private static readonly TimeSpan SilenceLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan PollTime = TimeSpan.FromSeconds(1);

    /// <summary>Where each partition ends now.</summary>
    /// <exception cref="KafkaException">A partition does not answer.</exception>
    public static IReadOnlyDictionary<int, long> Ends(RunContext run)
    {
        using var consumer = Open(run);
        return Enumerable.Range(0, run.Partitions).ToDictionary(partition => partition, partition => consumer.QueryWatermarkOffsets(new(run.Topic, partition), SilenceLimit).High.Value);
    }

    /// <exception cref="InvalidOperationException">A partition does not come up to its end.</exception>
    public static void Execute(RunContext run)
    {
        var ends = Ends(run);
        using var consumer = Open(run);
        foreach (var (partition, end) in ends) run.History.Logs[partition] = Read(consumer, run, new TopicPartitionOffset(run.Topic, partition, end));
    }

    private static List<StoredRecord> Read(IConsumer<Ignore, string> consumer, RunContext run, TopicPartitionOffset end)
    {
        var (log, lastNews, lastError) = (new List<StoredRecord>(), run.Clock.Now, "nothing came");
        consumer.Assign(new TopicPartitionOffset(end.TopicPartition, 0));
        while (Next(log) < end.Offset.Value)
        {
            if (run.Clock.Now - lastNews > SilenceLimit) throw new InvalidOperationException($"{end.TopicPartition}, offset {Next(log)} of {end.Offset}: {lastError} for {SilenceLimit.TotalSeconds:0} s.");
            try
            {
                if (consumer.Consume(PollTime) is not { } result || result.TopicPartition != end.TopicPartition) continue;
                log.Add(new(result.Offset.Value, RecordName.Parse(result.Message.Value), result.LeaderEpoch ?? -1));
                lastNews = run.Clock.Now;
            }
            catch (ConsumeException failed)
            {
                // A leader that is new may not know yet how far it may answer. What is really not there does not come by asking again.
                lastError = failed.Message;
                consumer.Assign(new TopicPartitionOffset(end.TopicPartition, Next(log)));
            }
        }
        return log;
    }

    private static long Next(List<StoredRecord> log) => log.Count == 0 ? 0 : log[^1].Offset + 1;

    private static IConsumer<Ignore, string> Open(RunContext run)
    {
        var config = new ConsumerConfig { BootstrapServers = run.Bootstrap, GroupId = "final-read", EnableAutoCommit = false, AutoOffsetReset = AutoOffsetReset.Error, CheckCrcs = true };
        return new ConsumerBuilder<Ignore, string>(config).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
    }
}
