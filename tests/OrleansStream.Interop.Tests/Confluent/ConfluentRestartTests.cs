using Confluent.Kafka;
using OrleansStream.Interop.Tests.Brokers;

namespace OrleansStream.Interop.Tests.Confluent;

/// <summary>What Confluent.Kafka finds after the broker has been restarted.</summary>
[Collection(RestartCollection.Name)]
public sealed class ConfluentRestartTests(RestartedBroker broker)
{
    [Fact]
    public async Task Confluent_resumes_at_its_committed_offset_after_a_restart_with_producer_and_consumer_alive()
    {
        var topic = broker.NewName("confluent-restart");
        var group = broker.NewName("group");
        await ConfluentClients.CreateTopicAsync(broker.Bootstrap, topic, 1);
        using var producer = ConfluentClients.Producer(broker.Bootstrap, config => config.EnableIdempotence = true);
        for (var index = 0; index < 50; index++) producer.Produce(topic, new() { Key = "key", Value = $"{index}" });
        producer.Flush(TimeSpan.FromSeconds(30));
        using (var first = Subscribed(group, topic))
        {
            first.Commit(ConfluentClients.Read(first, 20)[^1]);
            first.Close();
        }

        await broker.RestartAsync(TestContext.Current.CancellationToken);
        for (var index = 50; index < 60; index++) producer.Produce(topic, new() { Key = "key", Value = $"{index}" });
        producer.Flush(TimeSpan.FromSeconds(30));

        using var second = Subscribed(group, topic);
        var read = ConfluentClients.Read(second, 40);
        Assert.Equal(Enumerable.Range(20, 40).Select(index => $"{index}"), read.Select(record => record.Message.Value));
        Assert.Equal(Enumerable.Range(20, 40).Select(index => (long)index), read.Select(record => record.Offset.Value));
        second.Close();
    }

    // Clients keep what they know of brokers for hours.
    [Fact]
    public async Task Pitfall_11_brokers_controller_and_cluster_are_the_same_after_a_restart()
    {
        var before = await DescribeAsync();

        await broker.RestartAsync(TestContext.Current.CancellationToken);

        Assert.Equal(before, await DescribeAsync());

        async Task<string> DescribeAsync()
        {
            using var admin = ConfluentClients.Admin(broker.Bootstrap);
            var cluster = await admin.DescribeClusterAsync();
            return $"{cluster.ClusterId} {cluster.Controller} {string.Join(' ', cluster.Nodes)} {string.Join(' ', admin.GetMetadata(TimeSpan.FromSeconds(30)).Brokers)}";
        }
    }

    private IConsumer<string, string> Subscribed(string group, string topic)
    {
        var consumer = new ConsumerBuilder<string, string>(ConfluentClients.GroupConfig(broker.Bootstrap, group)).SetLogHandler((_, _) => { }).Build();
        consumer.Subscribe(topic);
        return consumer;
    }
}
