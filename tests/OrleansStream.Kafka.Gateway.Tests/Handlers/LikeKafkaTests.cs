using OrleansStream.Abstractions.Groups;
using OrleansStream.Kafka.Gateway.Tests.Harness;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Model.Ids;
using SyncGroupRequest = OrleansStream.Kafka.Protocol.Messages.SyncGroupRequest;

namespace OrleansStream.Kafka.Gateway.Tests.Handlers;

/// <summary>Small things that were found by asking Apache Kafka 4.3.1 and this broker the same.</summary>
public class LikeKafkaTests
{
    private const int OfTopic = 3576;
    private const int OfCluster = 8096;
    private const int OfGroup = 3400;

    [Fact]
    public async Task A_topic_that_is_to_grow_twice_does_not_grow_and_is_answered_once()
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("a");
        harness.AddTopic("b");
        var request = new CreatePartitionsRequest { TimeoutMs = 1000, Topics = [new() { Name = "a", Count = 5 }, new() { Name = "b", Count = 2 }, new() { Name = "a", Count = 6 }] };

        var answer = (await harness.Connect().AskAsync<CreatePartitionsResponse>(request, 3)).Topics;

        Assert.Equal([("a", ErrorCode.InvalidRequest), ("b", ErrorCode.None)], answer.Select(topic => (topic.Name, topic.ErrorCode)));
        Assert.Equal([1, 2], new[] { "a", "b" }.Select(name => harness.Catalog.Current.Find(name)!.PartitionCount));
    }

    [Theory]
    [InlineData(ErrorCode.None, 3)]
    [InlineData(ErrorCode.None, 7, 3)]
    [InlineData(ErrorCode.InvalidReplicaAssignment)]
    [InlineData(ErrorCode.InvalidReplicaAssignment, 9)]
    [InlineData(ErrorCode.InvalidReplicaAssignment, 3, 3)]
    [InlineData(ErrorCode.InvalidReplicaAssignment, -1)]
    public async Task New_partitions_are_assigned_to_different_live_brokers(ErrorCode expected, params int[] brokers)
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("a");
        var request = new CreatePartitionsRequest { TimeoutMs = 1000, Topics = [new() { Name = "a", Count = 2, Assignments = [new() { BrokerIds = [.. brokers] }] }] };

        Assert.Equal(expected, (await harness.Connect().AskAsync<CreatePartitionsResponse>(request, 3)).Topics.Single().ErrorCode);
        Assert.Equal(expected == ErrorCode.None ? 2 : 1, harness.Catalog.Current.Find("a")!.PartitionCount);
    }

    [Fact]
    public async Task A_topic_that_is_to_be_deleted_twice_stays_and_is_answered_once()
    {
        await using var harness = new GatewayHarness();
        var a = harness.AddTopic("a");
        var b = harness.AddTopic("b");
        harness.AddTopic("c");
        var client = harness.Connect();
        var ids = new DeleteTopicsRequest { TimeoutMs = 1000, Topics = [new() { TopicId = a.Id }, new() { TopicId = b.Id }, new() { TopicId = a.Id }, new() { Name = "b" }] };

        var byId = (await client.AskAsync<DeleteTopicsResponse>(ids, 6)).Topics;
        Assert.Equal([(null, ErrorCode.InvalidRequest), ("b", ErrorCode.InvalidRequest)], byId.Select(topic => (topic.Name, topic.ErrorCode)));
        Assert.Equal(3, harness.Catalog.Current.Count);

        var byName = (await client.AskAsync<DeleteTopicsResponse>(new DeleteTopicsRequest { TimeoutMs = 1000, TopicNames = ["a", "c", "a"] }, 5)).Topics;
        Assert.Equal([("a", ErrorCode.InvalidRequest), ("c", ErrorCode.None)], byName.Select(topic => (topic.Name, topic.ErrorCode)));
        Assert.Equal(["a", "b"], harness.Catalog.Current.Topics.Select(topic => topic.Name).Order());
    }

    [Fact]
    public async Task Configs_of_a_resource_that_is_named_twice_are_left_alone()
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("a");
        harness.AddTopic("b");
        var client = harness.Connect();
        string[] names = ["a", "b", "a"];
        var single = new IncrementalAlterConfigsRequest { Resources = [.. names.Select(name => new IncrementalAlterConfigsRequest.Resource { ResourceType = ConfigResourceType.Topic, ResourceName = name, Configs = [new() { Name = "retention.ms", Value = "7" }] })] };
        var whole = new AlterConfigsRequest { Resources = [.. names.Select(name => new AlterConfigsRequest.Resource { ResourceType = ConfigResourceType.Topic, ResourceName = name, Configs = [new() { Name = "retention.ms", Value = "8" }] })] };
        ErrorCode[] expected = [ErrorCode.InvalidRequest, ErrorCode.None, ErrorCode.InvalidRequest];

        Assert.Equal(expected, (await client.AskAsync<IncrementalAlterConfigsResponse>(single, 1)).Resources.Select(resource => resource.ErrorCode));
        Assert.Equal(expected, (await client.AskAsync<AlterConfigsResponse>(whole, 2)).Resources.Select(resource => resource.ErrorCode));
        Assert.Empty(harness.Catalog.Current.Find("a")!.Configs);
        Assert.Equal("8", harness.Catalog.Current.Find("b")!.Configs["retention.ms"]);
    }

    [Theory, InlineData(2), InlineData(-1)]
    public async Task An_isolation_level_that_does_not_exist_is_not_taken_for_another(sbyte level)
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("a");
        var client = harness.Connect();
        var fetch = Requests.Fetch("a", 0);
        var offsets = Requests.ListOffsets("a", -1);
        (fetch.IsolationLevel, offsets.IsolationLevel) = ((IsolationLevel)level, (IsolationLevel)level);

        var fetched = await client.AskAsync<FetchResponse>(fetch, 12);
        var listed = (await client.AskAsync<ListOffsetsResponse>(offsets, 7)).Only();

        Assert.Equal((ErrorCode.UnknownServerError, ErrorCode.UnknownServerError, -1L), (fetched.ErrorCode, fetched.Only().ErrorCode, fetched.Only().HighWatermark));
        Assert.Equal((ErrorCode.UnknownServerError, -1L, -1L), (listed.ErrorCode, listed.Offset, listed.Timestamp));
    }

    [Fact]
    public async Task A_config_that_is_named_twice_leaves_its_resource_alone()
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("a");
        var client = harness.Connect();
        var single = new IncrementalAlterConfigsRequest { Resources = [new() { ResourceType = ConfigResourceType.Topic, ResourceName = "a", Configs = [new() { Name = "retention.ms", Value = "7" }, new() { Name = "retention.ms", Value = "8" }] }] };
        var whole = new AlterConfigsRequest { Resources = [new() { ResourceType = ConfigResourceType.Topic, ResourceName = "a", Configs = [new() { Name = "retention.ms", Value = "7" }, new() { Name = "retention.ms", Value = "8" }] }] };

        var bySingle = (await client.AskAsync<IncrementalAlterConfigsResponse>(single, 1)).Resources.Single();
        var byWhole = (await client.AskAsync<AlterConfigsResponse>(whole, 2)).Resources.Single();

        Assert.Equal((ErrorCode.InvalidRequest, "Error due to duplicate config keys"), (bySingle.ErrorCode, bySingle.ErrorMessage));
        Assert.Equal((ErrorCode.InvalidRequest, "Error due to duplicate config keys"), (byWhole.ErrorCode, byWhole.ErrorMessage));
        Assert.Empty(harness.Catalog.Current.Find("a")!.Configs);
    }

    [Theory]
    [InlineData("a", -1, false)]
    [InlineData("z", 0, false)]
    [InlineData("b", 0, false)]
    [InlineData("a", 9, true)]
    public async Task A_page_of_partitions_begins_in_a_topic_that_was_asked_for(string topic, int partition, bool expected)
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("a");
        harness.AddTopic("b");
        var request = new DescribeTopicPartitionsRequest { Topics = [new() { Name = "a" }], Cursor = new() { TopicName = topic, PartitionIndex = partition } };

        var answer = (await harness.Connect().AskAsync<DescribeTopicPartitionsResponse>(request, 0)).Topics.Single();

        Assert.Equal((expected ? ErrorCode.None : ErrorCode.InvalidRequest, expected ? OfTopic : int.MinValue), (answer.ErrorCode, answer.TopicAuthorizedOperations));
    }

    [Fact]
    public async Task Whoever_asks_is_told_that_everything_is_allowed()
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("a");
        harness.Grains.Groups["g"] = new FakeGroupGrain();
        var client = harness.Connect();
        var all = Requests.Metadata("a", "none");
        (all.IncludeTopicAuthorizedOperations, all.IncludeClusterAuthorizedOperations, all.AllowAutoTopicCreation) = (true, true, false);

        var told = await client.AskAsync<MetadataResponse>(all, 9);
        var untold = await client.AskAsync<MetadataResponse>(Requests.Metadata("a"), 9);
        var cluster = await client.AskAsync<DescribeClusterResponse>(new DescribeClusterRequest { IncludeClusterAuthorizedOperations = true }, 1);
        var groups = await client.AskAsync<DescribeGroupsResponse>(new DescribeGroupsRequest { GroupIds = ["g", "none"], IncludeAuthorizedOperations = true }, 6);

        Assert.Equal((OfCluster, OfCluster), (told.ClusterAuthorizedOperations, cluster.ClusterAuthorizedOperations));
        Assert.All(told.Topics, topic => Assert.Equal(OfTopic, topic.TopicAuthorizedOperations));
        Assert.Equal((int.MinValue, int.MinValue), (untold.ClusterAuthorizedOperations, untold.Topics.Single().TopicAuthorizedOperations));
        Assert.Equal([OfGroup, int.MinValue], groups.Groups.Select(group => group.AuthorizedOperations));
    }

    [Theory]
    [InlineData(10)]
    [InlineData(11)]
    public async Task Metadata_by_id_is_refused_in_versions_that_only_have_the_field(short version)
    {
        await using var harness = new GatewayHarness();
        var request = new MetadataRequest { Topics = [new() { Name = null, TopicId = harness.AddTopic("a").Id }] };

        var answer = (await harness.Connect().AskAsync<MetadataResponse>(request, version)).Topics.Single();

        Assert.Equal((ErrorCode.InvalidRequest, ""), (answer.ErrorCode, answer.Name));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Old_versions_create_topics_with_defaults_too(short version)
    {
        await using var harness = new GatewayHarness(options => options.DefaultPartitions = 4);
        var request = new CreateTopicsRequest { TimeoutMs = 1000, Topics = [new() { Name = "a", NumPartitions = -1, ReplicationFactor = -1 }] };

        Assert.Equal(ErrorCode.None, (await harness.Connect().AskAsync<CreateTopicsResponse>(request, version)).Topics.Single().ErrorCode);
        Assert.Equal(4, harness.Catalog.Current.Find("a")!.PartitionCount);
    }

    [Fact]
    public async Task That_a_topic_exists_is_said_before_anything_else_is_wrong_with_the_wish()
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("a");
        var client = harness.Connect();

        Assert.Equal(ErrorCode.TopicAlreadyExists, await CreateAsync(new() { Name = "a", NumPartitions = 0, ReplicationFactor = 1 }));
        Assert.Equal(ErrorCode.TopicAlreadyExists, await CreateAsync(new() { Name = "a", NumPartitions = 1, ReplicationFactor = 1, Configs = [new() { Name = "none", Value = "1" }] }));

        async Task<ErrorCode> CreateAsync(CreateTopicsRequest.Topic topic) =>
            (await client.AskAsync<CreateTopicsResponse>(new CreateTopicsRequest { TimeoutMs = 1000, Topics = [topic] }, 7)).Topics.Single().ErrorCode;
    }

    [Fact]
    public async Task Of_a_config_that_is_named_twice_the_last_value_counts_without_the_spaces_around_it()
    {
        await using var harness = new GatewayHarness();
        var request = new CreateTopicsRequest { TimeoutMs = 1000, Topics = [new() { Name = "a", NumPartitions = 1, ReplicationFactor = 1, Configs = [new() { Name = "retention.ms", Value = "1" }, new() { Name = "retention.ms", Value = " 5 " }] }] };

        Assert.Equal(ErrorCode.None, (await harness.Connect().AskAsync<CreateTopicsResponse>(request, 7)).Topics.Single().ErrorCode);
        Assert.Equal("5", harness.Catalog.Current.Find("a")!.Configs["retention.ms"]);
    }

    [Theory]
    [InlineData(4, null, null, ErrorCode.None)]
    [InlineData(5, null, null, ErrorCode.InconsistentGroupProtocol)]
    [InlineData(5, "consumer", null, ErrorCode.InconsistentGroupProtocol)]
    [InlineData(5, "consumer", "range", ErrorCode.None)]
    public async Task A_sync_names_its_protocol_where_its_version_can(short version, string? type, string? name, ErrorCode expected)
    {
        await using var harness = new GatewayHarness();
        harness.Grains.Groups["g"] = new FakeGroupGrain();
        var request = new SyncGroupRequest { GroupId = "g", MemberId = "m", ProtocolType = type, ProtocolName = name };

        Assert.Equal(expected, (await harness.Connect().AskAsync<SyncGroupResponse>(request, version)).ErrorCode);
    }
}
