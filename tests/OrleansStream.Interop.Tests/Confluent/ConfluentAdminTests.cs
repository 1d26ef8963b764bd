using Confluent.Kafka;
using Confluent.Kafka.Admin;
using OrleansStream.Interop.Tests.Brokers;

namespace OrleansStream.Interop.Tests.Confluent;

/// <summary>The admin interface of Confluent.Kafka.</summary>
public sealed class ConfluentAdminTests(BrokerUnderTest broker)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task Confluent_creates_widens_and_deletes_a_topic()
    {
        var topic = broker.NewName("confluent-admin");
        using var admin = ConfluentClients.Admin(broker.Bootstrap);
        await ConfluentClients.CreateTopicAsync(broker.Bootstrap, topic, partitions: 3);
        Assert.Equal(3, admin.GetMetadata(topic, Timeout).Topics.Single().Partitions.Count);

        var again = await Assert.ThrowsAsync<CreateTopicsException>(() => ConfluentClients.CreateTopicAsync(broker.Bootstrap, topic, partitions: 3));
        Assert.Equal(ErrorCode.TopicAlreadyExists, again.Results.Single().Error.Code);

        await admin.CreatePartitionsAsync([new PartitionsSpecification { Topic = topic, IncreaseTo = 5 }]);
        await Eventually.BecomesAsync(
            () => Task.FromResult(admin.GetMetadata(topic, Timeout).Topics.Single().Partitions.Count), count => count == 5, "five partitions");

        await admin.DeleteTopicsAsync([topic]);
        await Eventually.BecomesAsync(
            () => Task.FromResult(admin.GetMetadata(Timeout).Topics.Exists(found => found.Topic == topic)), isThere => !isThere, "topic gone");
    }

    [Fact]
    public async Task Confluent_changes_one_topic_config_and_leaves_the_others()
    {
        var topic = broker.NewName("confluent-config");
        using var admin = ConfluentClients.Admin(broker.Bootstrap);
        await ConfluentClients.CreateTopicAsync(broker.Bootstrap, topic, 1, new() { ["retention.ms"] = "86400000" });
        var resource = new ConfigResource { Type = ResourceType.Topic, Name = topic };
        List<ConfigEntry> changes = [new() { Name = "max.message.bytes", Value = "2000000", IncrementalOperation = AlterConfigOpType.Set }];
        await admin.IncrementalAlterConfigsAsync(new() { [resource] = changes });

        var entries = await Eventually.BecomesAsync(
            async () => (await admin.DescribeConfigsAsync([resource])).Single().Entries,
            entries => entries["max.message.bytes"].Value == "2000000",
            "the changed value");
        Assert.Equal("86400000", entries["retention.ms"].Value);
        Assert.False(entries["retention.ms"].IsDefault);
        Assert.Equal("delete", entries["cleanup.policy"].Value);
        await admin.DeleteTopicsAsync([topic]);
    }

    // Unlike kafka-topics, which knows Kafka's names alone, a client library sends what it is told.
    [Fact]
    public async Task Confluent_creates_a_topic_with_the_latency_class_that_Kafka_does_not_have()
    {
        var topic = broker.NewName("confluent-class");
        using var admin = ConfluentClients.Admin(broker.Bootstrap);
        await ConfluentClients.CreateTopicAsync(broker.Bootstrap, topic, 1, new() { ["orleansstream.latency.class"] = "low" });
        var resource = new ConfigResource { Type = ResourceType.Topic, Name = topic };

        var entries = await Eventually.BecomesAsync(
            async () => (await admin.DescribeConfigsAsync([resource])).Single().Entries,
            entries => entries["orleansstream.latency.class"].Value == "low",
            "the class");

        Assert.False(entries["orleansstream.latency.class"].IsDefault);
        await admin.DeleteTopicsAsync([topic]);
    }

    [Fact]
    public async Task Confluent_is_refused_a_config_that_does_not_exist()
    {
        var failure = await Assert.ThrowsAsync<CreateTopicsException>(
            () => ConfluentClients.CreateTopicAsync(broker.Bootstrap, broker.NewName("confluent-bad"), 1, new() { ["no.such.config"] = "1" }));
        Assert.Equal(ErrorCode.InvalidConfig, failure.Results.Single().Error.Code);
    }

    [Fact]
    public async Task Confluent_describes_the_cluster()
    {
        using var admin = ConfluentClients.Admin(broker.Bootstrap);
        var cluster = await admin.DescribeClusterAsync();
        Assert.NotEmpty(cluster.ClusterId);
        Assert.Contains(cluster.Nodes, node => $"{node.Host}:{node.Port}" == broker.Bootstrap);
    }

    [Fact]
    public async Task Confluent_deletes_records_below_an_offset()
    {
        var topic = broker.NewName("confluent-trim");
        await ConfluentClients.CreateTopicAsync(broker.Bootstrap, topic, 1);
        using var producer = ConfluentClients.Producer(broker.Bootstrap);
        for (var index = 0; index < 10; index++) await producer.ProduceAsync(topic, new() { Key = "key", Value = $"{index}" });

        using var admin = ConfluentClients.Admin(broker.Bootstrap);
        var trimmed = await admin.DeleteRecordsAsync([new(topic, 0, 4)]);
        Assert.Equal(4, trimmed.Single().Offset.Value);

        var earliest = await admin.ListOffsetsAsync([new() { TopicPartition = new(topic, 0), OffsetSpec = OffsetSpec.Earliest() }]);
        Assert.Equal(4, earliest.ResultInfos.Single().TopicPartitionOffsetError.Offset.Value);
        Assert.Equal("4", ConfluentClients.ReadAll(broker.Bootstrap, topic, 1, records: 6)[0].Message.Value);
        await admin.DeleteTopicsAsync([topic]);
    }
}
