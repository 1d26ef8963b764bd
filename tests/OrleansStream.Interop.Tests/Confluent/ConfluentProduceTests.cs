using System.Text;
using Confluent.Kafka;
using OrleansStream.Interop.Tests.Brokers;

namespace OrleansStream.Interop.Tests.Confluent;

/// <summary>Producing and reading by assignment with Confluent.Kafka.</summary>
public sealed class ConfluentProduceTests(BrokerUnderTest broker)
{
    private const int Partitions = 3;
    private const int Records = 300;

    [Theory]
    [InlineData(CompressionType.None)]
    [InlineData(CompressionType.Gzip)]
    [InlineData(CompressionType.Snappy)]
    [InlineData(CompressionType.Lz4)]
    [InlineData(CompressionType.Zstd)]
    public async Task Confluent_reads_back_what_it_produced_with(CompressionType codec)
    {
        var topic = broker.NewName($"confluent-{codec}");
        await ConfluentClients.CreateTopicAsync(broker.Bootstrap, topic, Partitions);
        using var producer = ConfluentClients.Producer(broker.Bootstrap, config => config.CompressionType = codec);
        var sent = await Task.WhenAll(Enumerable.Range(0, Records).Select(index => producer.ProduceAsync(topic, Record(index))));

        var read = ConfluentClients.ReadAll(broker.Bootstrap, topic, Partitions, Records);

        var expected = sent.OrderBy(record => record.Partition.Value).ThenBy(record => record.Offset.Value).Select(Text);
        Assert.Equal(expected, read.OrderBy(record => record.Partition.Value).ThenBy(record => record.Offset.Value).Select(record => Text(record)));
        Assert.All(read, record => Assert.Equal($"header of {record.Message.Value[..8]}", Encoding.UTF8.GetString(record.Message.Headers.GetLastBytes("note"))));
        Assert.All(read, record => Assert.Null(record.Message.Headers.GetLastBytes("empty")));
        using var admin = ConfluentClients.Admin(broker.Bootstrap);
        await admin.DeleteTopicsAsync([topic]);
    }

    [Fact]
    public async Task Confluent_looks_up_offsets_by_timestamp()
    {
        var topic = broker.NewName("confluent-times");
        var start = DateTimeOffset.FromUnixTimeMilliseconds(TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() - 100_000);
        await ConfluentClients.CreateTopicAsync(broker.Bootstrap, topic, 1);
        using var producer = ConfluentClients.Producer(broker.Bootstrap);
        for (var index = 0; index < 10; index++)
        {
            var timestamp = new Timestamp(start.AddSeconds(index).UtcDateTime, TimestampType.CreateTime);
            await producer.ProduceAsync(topic, new() { Key = "key", Value = $"{index}", Timestamp = timestamp });
        }

        using var consumer = new ConsumerBuilder<string, string>(ConfluentClients.GroupConfig(broker.Bootstrap, "times")).Build();
        Assert.Equal(0, Lookup(start.AddSeconds(-10)));
        Assert.Equal(4, Lookup(start.AddSeconds(4)));
        Assert.Equal(5, Lookup(start.AddSeconds(4).AddMilliseconds(1)));
        Assert.Equal(Offset.End.Value, Lookup(start.AddSeconds(60)));

        long Lookup(DateTimeOffset time)
        {
            var asked = new TopicPartitionTimestamp(topic, 0, new(time.UtcDateTime, TimestampType.CreateTime));
            return consumer.OffsetsForTimes([asked], TimeSpan.FromSeconds(10)).Single().Offset.Value;
        }
    }

    [Fact]
    public async Task An_idempotent_confluent_producer_writes_each_record_once_and_in_order()
    {
        const int many = 20_000;
        var topic = broker.NewName("confluent-idempotent");
        await ConfluentClients.CreateTopicAsync(broker.Bootstrap, topic, Partitions);
        using (var producer = ConfluentClients.Producer(broker.Bootstrap, config => config.EnableIdempotence = true))
        {
            for (var index = 0; index < many; index++) producer.Produce(topic, new() { Key = $"key {index % 10}", Value = $"{index}" });
            producer.Flush(TimeSpan.FromSeconds(30));
        }

        var read = ConfluentClients.ReadAll(broker.Bootstrap, topic, Partitions, many);
        foreach (var key in read.GroupBy(record => record.Message.Key))
        {
            var values = key.OrderBy(record => record.Offset.Value).Select(record => int.Parse(record.Message.Value)).ToList();
            Assert.Equal(Enumerable.Range(0, many / 10).Select(turn => (turn * 10) + (values[0] % 10)), values);
        }
    }

    [Fact]
    public async Task Pitfall_26_an_idempotent_producer_lives_through_the_deletion_and_recreation_of_its_topic()
    {
        var topic = broker.NewName("confluent-recreated");
        await ConfluentClients.CreateTopicAsync(broker.Bootstrap, topic, 1);
        using var producer = ConfluentClients.Producer(broker.Bootstrap, config => (config.EnableIdempotence, config.TopicMetadataRefreshIntervalMs) = (true, 1_000));
        for (var index = 0; index < 3; index++) Assert.Equal(index, (await SendAsync($"old {index}")).Offset.Value);
        using var admin = ConfluentClients.Admin(broker.Bootstrap);
        await admin.DeleteTopicsAsync([topic]);
        await ConfluentClients.CreateTopicAsync(broker.Bootstrap, topic, 1);

        for (var index = 0; index < 3; index++) await SendAsync($"new {index}");

        Assert.Equal(["new 0", "new 1", "new 2"], ConfluentClients.ReadAll(broker.Bootstrap, topic, 1, 3).Select(record => record.Message.Value));

        Task<DeliveryResult<string, string>> SendAsync(string value) => producer.ProduceAsync(topic, new() { Key = "key", Value = value });
    }

    [Fact]
    public async Task A_confluent_producer_is_given_a_topic_that_did_not_exist()
    {
        var topic = broker.NewName("confluent-auto");
        using var producer = ConfluentClients.Producer(broker.Bootstrap);
        var sent = await producer.ProduceAsync(topic, new() { Key = "key", Value = "first" });
        Assert.Equal(0, sent.Offset.Value);
        Assert.Equal(PersistenceStatus.Persisted, sent.Status);
    }

    [Fact]
    public async Task A_record_above_the_topics_limit_is_refused_and_the_next_is_taken()
    {
        var topic = broker.NewName("confluent-large");
        await ConfluentClients.CreateTopicAsync(broker.Bootstrap, topic, 1, new() { ["max.message.bytes"] = "10000" });
        using var producer = ConfluentClients.Producer(broker.Bootstrap);
        var refused = await Assert.ThrowsAsync<ProduceException<string, string>>(
            () => producer.ProduceAsync(topic, new() { Key = "key", Value = new('x', 20_000) }));
        Assert.Equal(ErrorCode.MsgSizeTooLarge, refused.Error.Code);
        var taken = await producer.ProduceAsync(topic, new() { Key = "key", Value = "small" });
        Assert.Equal(0, taken.Offset.Value);
    }

    private static Message<string, string> Record(int index) => new()
    {
        Key = $"key {index % 17}",
        Value = $"{index:00000000} {new string((char)('a' + (index % 26)), index)}",
        Headers = [new("note", Encoding.UTF8.GetBytes($"header of {index:00000000}")), new("empty", null)],
    };

    private static string Text(DeliveryResult<string, string> record) => $"{record.Partition.Value} {record.Offset.Value} {record.Key} {record.Value}";

    private static string Text(ConsumeResult<string, string> record) =>
        $"{record.Partition.Value} {record.Offset.Value} {record.Message.Key} {record.Message.Value}";
}
