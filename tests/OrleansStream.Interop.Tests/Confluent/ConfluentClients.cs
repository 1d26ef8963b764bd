using Confluent.Kafka;
using Confluent.Kafka.Admin;
using OrleansStream.Interop.Tests.Brokers;

namespace OrleansStream.Interop.Tests.Confluent;

/// <summary>Clients of Confluent.Kafka with the settings that all these tests want.</summary>
internal static class ConfluentClients
{
    private static readonly TimeSpan ReadLimit = TimeSpan.FromSeconds(30);

    public static IAdminClient Admin(string bootstrap) =>
        new AdminClientBuilder(new AdminClientConfig { BootstrapServers = bootstrap }).SetLogHandler((_, _) => { }).Build();

    public static IProducer<string, string> Producer(string bootstrap, Action<ProducerConfig>? configure = null)
    {
        var config = new ProducerConfig { BootstrapServers = bootstrap, Acks = Acks.All, LingerMs = 5 };
        configure?.Invoke(config);
        return new ProducerBuilder<string, string>(config).SetLogHandler((_, _) => { }).Build();
    }

    public static ConsumerConfig GroupConfig(string bootstrap, string group) => new()
    {
        BootstrapServers = bootstrap,
        GroupId = group,
        AutoOffsetReset = AutoOffsetReset.Earliest,
        EnableAutoCommit = false,
        SessionTimeoutMs = 10_000,
        HeartbeatIntervalMs = 300,
        TopicMetadataRefreshIntervalMs = 1_000,
    };

    /// <summary>Creates a topic and waits until its partitions answer, which brokers may let happen a moment later.</summary>
    public static async Task CreateTopicAsync(string bootstrap, string topic, int partitions, Dictionary<string, string>? configs = null)
    {
        using var admin = Admin(bootstrap);
        await admin.CreateTopicsAsync([new TopicSpecification { Name = topic, NumPartitions = partitions, ReplicationFactor = 1, Configs = configs }]);
        await Eventually.BecomesAsync(() => AnswersAsync(admin, topic, partitions), answers => answers, $"{partitions} partitions of {topic} that answer");
    }

    private static async Task<bool> AnswersAsync(IAdminClient admin, string topic, int partitions)
    {
        var asked = Enumerable.Range(0, partitions).Select(partition => new TopicPartitionOffsetSpec { TopicPartition = new(topic, partition), OffsetSpec = OffsetSpec.Latest() });
        try
        {
            return (await admin.ListOffsetsAsync(asked)).ResultInfos.Count == partitions;
        }
        catch (KafkaException)
        {
            return false;
        }
    }

    /// <summary>Reads that many records of a topic by assignment from the beginning; fails the test if they do not come.</summary>
    public static List<ConsumeResult<string, string>> ReadAll(string bootstrap, string topic, int partitions, int records)
    {
        var config = GroupConfig(bootstrap, "reads-by-assignment");
        config.CheckCrcs = true;
        using var consumer = new ConsumerBuilder<string, string>(config).SetLogHandler((_, _) => { }).Build();
        consumer.Assign(Enumerable.Range(0, partitions).Select(partition => new TopicPartitionOffset(topic, partition, Offset.Beginning)));
        var read = Read(consumer, records);

        // One more would be a duplicate.
        Assert.Null(consumer.Consume(TimeSpan.FromMilliseconds(200)));
        return read;
    }

    /// <summary>Reads that many records from wherever the consumer stands.</summary>
    public static List<ConsumeResult<string, string>> Read(IConsumer<string, string> consumer, int records)
    {
        var read = new List<ConsumeResult<string, string>>();
        var start = TimeProvider.System.GetTimestamp();
        while (read.Count < records)
        {
            if (consumer.Consume(TimeSpan.FromMilliseconds(100)) is { } result) read.Add(result);
            Assert.True(TimeProvider.System.GetElapsedTime(start) < ReadLimit, $"{read.Count} of {records} records came within {ReadLimit.TotalSeconds:0} s.");
        }
        return read;
    }
}
