using OrleansStream.Kafka.Gateway.Tests.Harness;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Records;

namespace OrleansStream.Kafka.Gateway.Tests.Handlers;

public class MetadataTests
{
    // Pitfall 3: null asks for all topics, empty for none; version 0 can only say empty and means all.
    [Fact]
    public async Task Pitfall_3_null_asks_for_all_topics_and_empty_for_none()
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("a");
        harness.AddTopic("b");
        var client = harness.Connect();

        var all = await client.AskAsync<MetadataResponse>(new MetadataRequest { Topics = null }, 9);
        var none = await client.AskAsync<MetadataResponse>(new MetadataRequest { Topics = [] }, 9);
        var oldest = await client.AskAsync<MetadataResponse>(new MetadataRequest { Topics = [] }, 0);

        Assert.Equal(["a", "b"], all.Topics.Select(topic => topic.Name).Order());
        Assert.Empty(none.Topics);
        Assert.Equal(2, none.Brokers.Count);
        Assert.Equal(2, oldest.Topics.Count);
    }

    // Pitfall 11: stable ids, the address of the listener that was asked, a controller that exists.
    [Theory]
    [InlineData("PLAINTEXT", "plain-3", 9003)]
    [InlineData("INNER", "inner-3", 9103)]
    public async Task Pitfall_11_brokers_are_named_by_the_listener_of_the_request_and_one_of_them_is_the_controller(string listener, string host, int port)
    {
        await using var harness = new GatewayHarness();
        var client = harness.Connect(listener);

        var answer = await client.AskAsync<MetadataResponse>(new MetadataRequest { Topics = [] }, 9);
        var cluster = await client.AskAsync<DescribeClusterResponse>(new DescribeClusterRequest(), 1);
        var coordinator = await client.AskAsync<FindCoordinatorResponse>(new FindCoordinatorRequest { Key = "g" }, 2);

        Assert.Equal([(3, host, port), (7, host.Replace('3', '7'), port + 4)], answer.Brokers.Select(broker => (broker.NodeId, broker.Host, broker.Port)));
        Assert.Equal(answer.Brokers.Select(broker => (broker.NodeId, broker.Host, broker.Port)), cluster.Brokers.Select(broker => (broker.BrokerId, broker.Host, broker.Port)));
        Assert.Contains(answer.ControllerId, answer.Brokers.Select(broker => broker.NodeId));
        Assert.Equal(("cluster-of-tests", "cluster-of-tests"), (answer.ClusterId, cluster.ClusterId));
        Assert.Equal((3, host, port), (coordinator.NodeId, coordinator.Host, coordinator.Port));
    }

    [Fact]
    public async Task Partitions_are_complete_from_zero_with_owner_and_as_many_replicas_as_there_are_brokers()
    {
        await using var harness = new GatewayHarness();
        var topic = harness.Grains.Topics.Add("orders", 4, replicas: 3);
        harness.Cluster.Elsewhere.Add(new PartitionId(topic.Id, 2));
        var client = harness.Connect();

        var answer = (await client.AskAsync<MetadataResponse>(Requests.Metadata("orders"), 12)).Topics.Single();

        Assert.Equal([0, 1, 2, 3], answer.Partitions.Select(partition => partition.Index));
        Assert.Equal([3, 3, 7, 3], answer.Partitions.Select(partition => partition.LeaderId));
        Assert.Equal([7, 3], answer.Partitions[2].ReplicaNodes);
        Assert.All(answer.Partitions, partition => Assert.Equal(partition.ReplicaNodes, partition.IsrNodes));
        Assert.Equal(topic.Id, answer.TopicId);
    }

    [Fact]
    public async Task By_id_an_unknown_topic_has_no_name_and_its_own_code()
    {
        await using var harness = new GatewayHarness();
        var topic = harness.AddTopic("orders");
        var client = harness.Connect();
        var request = new MetadataRequest
        {
            Topics = [new() { Name = null, TopicId = topic.Id }, new() { Name = null, TopicId = new TopicId(Guid.Parse("11111111-2222-4333-8444-555555555555")) }],
        };

        var answer = await client.AskAsync<MetadataResponse>(request, 12);

        Assert.Equal(("orders", ErrorCode.None), (answer.Topics[0].Name, answer.Topics[0].ErrorCode));
        Assert.Equal((null, ErrorCode.UnknownTopicId), (answer.Topics[1].Name, answer.Topics[1].ErrorCode));
    }

    [Theory]
    [InlineData(true, true, 9, true)]
    [InlineData(false, true, 9, false)]
    [InlineData(true, false, 9, false)]
    [InlineData(true, false, 3, true)]
    public async Task A_topic_is_created_when_broker_and_client_allow_it(bool broker, bool client, short version, bool created)
    {
        await using var harness = new GatewayHarness(options => (options.AutoCreateTopics, options.DefaultPartitions) = (broker, 3));
        var request = Requests.Metadata("new");

        // Before version 4 nobody could say no.
        request.AllowAutoTopicCreation = version < 4 || client;

        var answer = (await harness.Connect().AskAsync<MetadataResponse>(request, version)).Topics.Single();

        Assert.Equal(created ? ErrorCode.None : ErrorCode.UnknownTopicOrPartition, answer.ErrorCode);
        Assert.Equal(created ? 3 : 0, answer.Partitions.Count);
        Assert.Equal(created, harness.Catalog.Current.Find("new") is not null);
    }

    // Pitfall 28.
    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a b")]
    [InlineData("ä")]
    [InlineData("a/b")]
    public async Task Pitfall_28_a_bad_name_is_told_and_creates_nothing(string name)
    {
        await using var harness = new GatewayHarness();

        var answer = (await harness.Connect().AskAsync<MetadataResponse>(Requests.Metadata(name, new string('x', 250), new string('x', 249)), 9)).Topics;

        Assert.Equal([ErrorCode.InvalidTopicException, ErrorCode.InvalidTopicException, ErrorCode.None], answer.Select(topic => topic.ErrorCode));
        Assert.Equal(1, harness.Catalog.Current.Count);
    }

    // Pitfall 29: growth is in the next answer, with no cache in between.
    [Fact]
    public async Task Pitfall_29_new_partitions_are_in_the_next_answer()
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders", partitions: 2);
        var client = harness.Connect();

        var grown = await client.AskAsync<CreatePartitionsResponse>(new CreatePartitionsRequest { TimeoutMs = 1000, Topics = [new() { Name = "orders", Count = 5 }] }, 3);
        var answer = await client.AskAsync<MetadataResponse>(Requests.Metadata("orders"), 9);
        var produced = await client.AskAsync<ProduceResponse>(Requests.Produce("orders", 4, new BatchBuilder().Record("a").Build()), 9);

        Assert.Equal(ErrorCode.None, grown.Topics.Single().ErrorCode);
        Assert.Equal(5, answer.Topics.Single().Partitions.Count);
        Assert.Equal(ErrorCode.None, produced.Only().ErrorCode);
    }

    [Fact]
    public async Task Topic_partitions_come_in_pages_by_name()
    {
        await using var harness = new GatewayHarness(options => options.MaxDescribedPartitions = 3);
        harness.AddTopic("b", partitions: 2);
        harness.AddTopic("a", partitions: 2);
        var client = harness.Connect();

        var first = await client.AskAsync<DescribeTopicPartitionsResponse>(new DescribeTopicPartitionsRequest(), 0);
        var cursor = first.NextCursor!;
        var second = await client.AskAsync<DescribeTopicPartitionsResponse>(
            new DescribeTopicPartitionsRequest { Cursor = new() { TopicName = cursor.TopicName, PartitionIndex = cursor.PartitionIndex } }, 0);

        Assert.Equal([("a", 0), ("a", 1), ("b", 0)], first.Topics.SelectMany(topic => topic.Partitions.Select(partition => (topic.Name!, partition.Index))));
        Assert.Equal(("b", 1), (cursor.TopicName, cursor.PartitionIndex));
        Assert.Equal([("b", 1)], second.Topics.SelectMany(topic => topic.Partitions.Select(partition => (topic.Name!, partition.Index))));
        Assert.Null(second.NextCursor);
    }
}
