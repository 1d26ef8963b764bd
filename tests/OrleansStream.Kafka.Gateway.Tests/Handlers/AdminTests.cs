using System.Collections.Immutable;
using OrleansStream.Kafka.Gateway.Tests.Harness;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Model.Ids;

namespace OrleansStream.Kafka.Gateway.Tests.Handlers;

public class AdminTests
{
    // Pitfall 22: defaults, refused configs, any sensible replication factor on one node, and Metadata right after.
    [Fact]
    public async Task Pitfall_22_topics_are_created_with_defaults_and_are_in_metadata_at_once()
    {
        await using var harness = new GatewayHarness(options => (options.DefaultPartitions, options.DefaultReplicationFactor) = (4, 2));
        var client = harness.Connect();
        var request = Create(("defaults", -1, -1), ("three", 2, 3), ("none", 0, 1), ("negative", 1, -2), ("defaults two", 1, 1), ("__consumer_offsets", 1, 1));

        var answer = (await client.AskAsync<CreateTopicsResponse>(request, 7)).Topics;
        var metadata = await client.AskAsync<MetadataResponse>(Requests.Metadata("defaults", "three"), 9);

        Assert.Equal(
            [ErrorCode.None, ErrorCode.None, ErrorCode.InvalidPartitions, ErrorCode.InvalidReplicationFactor, ErrorCode.InvalidTopicException, ErrorCode.InvalidTopicException],
            answer.Select(topic => topic.ErrorCode));
        Assert.Equal((4, (short)2), (answer[0].NumPartitions, answer[0].ReplicationFactor));
        Assert.False(answer[0].TopicId.IsNone);
        Assert.Equal([4, 2], metadata.Topics.Select(topic => topic.Partitions.Count));
        Assert.Contains(answer[0].Configs!, config => config.Name == "cleanup.policy" && config.Value == "delete");
    }

    [Fact]
    public async Task Only_validated_topics_are_not_created_and_repeated_ones_are_refused()
    {
        await using var harness = new GatewayHarness();
        var client = harness.Connect();
        var validated = Create(("a", 1, 1));
        validated.ValidateOnly = true;

        Assert.Equal(ErrorCode.None, (await client.AskAsync<CreateTopicsResponse>(validated, 7)).Topics.Single().ErrorCode);
        Assert.Null(harness.Catalog.Current.Find("a"));
        Assert.Equal(ErrorCode.InvalidRequest, (await client.AskAsync<CreateTopicsResponse>(Create(("a", 1, 1), ("a", 1, 1)), 7)).Topics.Single().ErrorCode);
        Assert.Equal(ErrorCode.None, (await client.AskAsync<CreateTopicsResponse>(Create(("a", 1, 1)), 2)).Topics.Single().ErrorCode);
        Assert.Equal(ErrorCode.TopicAlreadyExists, (await client.AskAsync<CreateTopicsResponse>(Create(("a", 1, 1)), 2)).Topics.Single().ErrorCode);
    }

    [Theory]
    [InlineData("retention.ms", "1000", ErrorCode.None)]
    [InlineData("retention.ms", "soon", ErrorCode.InvalidConfig)]
    [InlineData("retention.ms", null, ErrorCode.InvalidConfig)]
    [InlineData("message.format.version", "2.8", ErrorCode.InvalidConfig)]
    public async Task Configs_that_do_not_exist_or_do_not_fit_refuse_the_topic(string name, string? value, ErrorCode expected)
    {
        await using var harness = new GatewayHarness();
        var request = Create(("a", 1, 1));
        request.Topics[0].Configs = [new() { Name = name, Value = value }];

        var answer = (await harness.Connect().AskAsync<CreateTopicsResponse>(request, 7)).Topics.Single();

        Assert.Equal(expected, answer.ErrorCode);
        Assert.Equal(expected == ErrorCode.None, harness.Catalog.Current.Find("a") is not null);
    }

    [Fact]
    public async Task A_catalog_that_does_not_answer_in_time_is_told_as_a_timeout()
    {
        await using var harness = new GatewayHarness();
        var gate = new TaskCompletionSource();
        harness.Grains.Topics.Gate = gate.Task;
        var client = harness.Connect();
        await client.SendAsync(Create(("a", 1, 1)), 7);
        await GatewayHarness.UntilAsync(() => harness.Grains.Asked.Count == 1);

        // The waiting may begin a moment after the clock was moved.
        var answer = client.ReceiveAsync(Kafka.Protocol.Apis.ApiKey.CreateTopics, 7);
        while (!answer.IsCompleted)
        {
            harness.Time.Advance(TimeSpan.FromSeconds(5));
            await Task.Yield();
        }

        gate.SetResult();
        Assert.Equal(ErrorCode.RequestTimedOut, ((CreateTopicsResponse)(await answer).Body).Topics.Single().ErrorCode);
    }

    [Fact]
    public async Task Topics_are_deleted_by_name_or_by_id_but_not_by_both()
    {
        await using var harness = new GatewayHarness();
        var first = harness.AddTopic("first");
        harness.AddTopic("second");
        var client = harness.Connect();
        var request = new DeleteTopicsRequest
        {
            TimeoutMs = 1000,
            Topics = [new() { TopicId = first.Id }, new() { Name = "second" }, new() { Name = "unknown" }, new() { Name = "x", TopicId = first.Id }],
        };

        var answer = (await client.AskAsync<DeleteTopicsResponse>(request, 6)).Topics;

        Assert.Equal([ErrorCode.None, ErrorCode.None, ErrorCode.UnknownTopicOrPartition, ErrorCode.InvalidRequest], answer.Select(topic => topic.ErrorCode));
        Assert.Equal("first", answer[0].Name);
        Assert.Equal(0, harness.Catalog.Current.Count);
    }

    [Fact]
    public async Task Where_deletion_is_switched_off_it_is_said()
    {
        await using var harness = new GatewayHarness(options => options.DeleteTopics = false);
        harness.AddTopic("a");
        var client = harness.Connect();

        Assert.Equal(ErrorCode.TopicDeletionDisabled, (await client.AskAsync<DeleteTopicsResponse>(new DeleteTopicsRequest { TopicNames = ["a"], TimeoutMs = 1000 }, 5)).Topics.Single().ErrorCode);
        Assert.Equal(ErrorCode.InvalidRequest, (await client.AskAsync<DeleteTopicsResponse>(new DeleteTopicsRequest { TopicNames = ["a"], TimeoutMs = 1000 }, 2)).Topics.Single().ErrorCode);
    }

    [Theory]
    [InlineData("a", 3, ErrorCode.None)]
    [InlineData("a", 2, ErrorCode.InvalidPartitions)]
    [InlineData("a", 1, ErrorCode.InvalidPartitions)]
    [InlineData("a", 10_001, ErrorCode.InvalidPartitions)]
    [InlineData("b", 3, ErrorCode.UnknownTopicOrPartition)]
    public async Task Topics_grow_and_never_shrink(string name, int count, ErrorCode expected)
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("a", partitions: 2);

        var answer = await harness.Connect().AskAsync<CreatePartitionsResponse>(new CreatePartitionsRequest { TimeoutMs = 1000, Topics = [new() { Name = name, Count = count }] }, 3);

        Assert.Equal(expected, answer.Topics.Single().ErrorCode);
    }

    // What Kafka 4.3.1 says to the same wish, and the rule that makes it an error.
    [Theory]
    [InlineData(5, "Topic already has 5 partition(s).")]
    [InlineData(2, "The topic five currently has 5 partition(s); 2 would not be an increase. Topics only grow: partitions are never taken away.")]
    [InlineData(-1, "The topic five currently has 5 partition(s); -1 would not be an increase. Topics only grow: partitions are never taken away.")]
    public async Task Who_asks_for_no_more_partitions_than_there_are_is_told_that_topics_only_grow(int count, string told)
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("five", partitions: 5);

        var answer = await harness.Connect().AskAsync<CreatePartitionsResponse>(new CreatePartitionsRequest { TimeoutMs = 1000, Topics = [new() { Name = "five", Count = count }] }, 3);

        Assert.Equal((ErrorCode.InvalidPartitions, told), (answer.Topics.Single().ErrorCode, answer.Topics.Single().ErrorMessage));
    }

    // Pitfall 23: what Connect, MirrorMaker and old consoles look for is there, with source and synonyms.
    [Fact]
    public async Task Pitfall_23_tools_find_the_configs_that_they_read()
    {
        await using var harness = new GatewayHarness(brokerConfigs: new() { ["log.retention.hours"] = "2" });
        harness.AddTopic("a");
        var client = harness.Connect();
        var request = new DescribeConfigsRequest
        {
            IncludeSynonyms = true,
            Resources = [new() { ResourceType = ConfigResourceType.Topic, ResourceName = "a" }, new() { ResourceType = ConfigResourceType.Broker, ResourceName = "3" }],
        };

        var answer = (await client.AskAsync<DescribeConfigsResponse>(request, 4)).Resources;
        var topic = answer[0].Configs.ToDictionary(config => config.Name);
        var broker = answer[1].Configs.ToDictionary(config => config.Name);

        Assert.Equal("delete", topic["cleanup.policy"].Value);
        Assert.Equal(("7200000", ConfigSource.StaticBroker), (topic["retention.ms"].Value, topic["retention.ms"].Source));
        Assert.Contains(topic["retention.ms"].Synonyms, synonym => synonym is { Name: "log.retention.hours", Value: "2", Source: ConfigSource.StaticBroker });
        Assert.Equal((ConfigSource.Default, ConfigValueType.Int32), (topic["max.message.bytes"].Source, topic["max.message.bytes"].ValueType));
        foreach (var name in new[] { "log.cleaner.enable", "auto.create.topics.enable", "default.replication.factor", "min.insync.replicas", "message.max.bytes", "num.partitions" })
        {
            Assert.NotNull(broker[name].Value);
        }
    }

    // As Kafka 4.3.1, which shows what it has read and not what was written.
    [Theory]
    [InlineData("cleanup.policy", "delete,delete", "delete")]
    [InlineData("cleanup.policy", "compact , delete", "compact,delete")]
    [InlineData("cleanup.policy", "", "")]
    [InlineData("leader.replication.throttled.replicas", "0:1 , 0:1", "0:1,0:1")]
    [InlineData("retention.bytes", "-2", "-2")]
    [InlineData("retention.ms", "+5", "5")]
    [InlineData("retention.ms", "-0", "0")]
    [InlineData("min.insync.replicas", "007", "7")]
    [InlineData("preallocate", "TRUE", "true")]
    [InlineData("min.cleanable.dirty.ratio", "1", "1.0")]
    [InlineData("min.cleanable.dirty.ratio", "1e-3", "0.001")]
    public async Task Pitfall_23_a_config_is_shown_in_one_way_however_it_was_written(string name, string written, string shown)
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("a");
        var client = harness.Connect();
        var change = new IncrementalAlterConfigsRequest
        {
            Resources = [new() { ResourceType = ConfigResourceType.Topic, ResourceName = "a", Configs = [new() { Name = name, Value = written }] }],
        };
        Assert.Equal(ErrorCode.None, (await client.AskAsync<IncrementalAlterConfigsResponse>(change, 1)).Resources.Single().ErrorCode);

        var request = new DescribeConfigsRequest { IncludeSynonyms = true, Resources = [new() { ResourceType = ConfigResourceType.Topic, ResourceName = "a", ConfigNames = [name] }] };
        var config = (await client.AskAsync<DescribeConfigsResponse>(request, 4)).Resources.Single().Configs.Single();

        Assert.Equal((shown, shown), (config.Value, config.Synonyms[0].Value));
    }

    [Fact]
    public async Task Unknown_topics_and_other_brokers_have_no_configs_here()
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("a");
        var client = harness.Connect();

        Assert.Equal((ErrorCode.UnknownTopicOrPartition, 0), await DescribeAsync(ConfigResourceType.Topic, "b"));
        Assert.Equal((ErrorCode.InvalidRequest, 0), await DescribeAsync(ConfigResourceType.Broker, "7"));
        Assert.Equal((ErrorCode.None, 0), await DescribeAsync(ConfigResourceType.Broker, ""));
        foreach (var (type, name) in new[] { (ConfigResourceType.Group, "g"), (ConfigResourceType.ClientMetrics, "m"), (ConfigResourceType.BrokerLogger, "3") })
        {
            Assert.Equal((ErrorCode.None, 0), await DescribeAsync(type, name));
            Assert.Equal((ErrorCode.InvalidRequest, 0), await DescribeAsync(type, ""));
        }

        Assert.Equal((ErrorCode.InvalidRequest, 0), await DescribeAsync(ConfigResourceType.BrokerLogger, "7"));
        Assert.Equal((ErrorCode.InvalidRequest, 0), await DescribeAsync((ConfigResourceType)64, "x"));
        Assert.Equal((ErrorCode.None, 1), await DescribeAsync(ConfigResourceType.Topic, "a", "retention.ms"));

        async Task<(ErrorCode, int)> DescribeAsync(ConfigResourceType type, string name, params string[] keys)
        {
            var request = new DescribeConfigsRequest { Resources = [new() { ResourceType = type, ResourceName = name, ConfigNames = keys.Length == 0 ? null : [.. keys] }] };
            var resource = (await client.AskAsync<DescribeConfigsResponse>(request, 1)).Resources.Single();
            return (resource.ErrorCode, resource.Configs.Count);
        }
    }

    [Fact]
    public async Task Configs_are_changed_one_by_one_or_replaced_as_a_whole()
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("a");
        var client = harness.Connect();
        await ChangeAsync(("retention.ms", AlterConfigOperation.Set, "5"), ("max.message.bytes", AlterConfigOperation.Set, "9"));
        await ChangeAsync(("retention.ms", AlterConfigOperation.Delete, null));
        Assert.Equal(["max.message.bytes"], harness.Catalog.Current.Find("a")!.Configs.Keys);

        var replacing = new AlterConfigsRequest { Resources = [new() { ResourceType = ConfigResourceType.Topic, ResourceName = "a", Configs = [new() { Name = "segment.ms", Value = "7" }] }] };
        Assert.Equal(ErrorCode.None, (await client.AskAsync<AlterConfigsResponse>(replacing, 2)).Resources.Single().ErrorCode);
        Assert.Equal(["segment.ms"], harness.Catalog.Current.Find("a")!.Configs.Keys);
        Assert.Equal(ErrorCode.InvalidRequest, await ChangeAsync(("segment.ms", AlterConfigOperation.Set, null)));
        Assert.Equal(ErrorCode.InvalidRequest, await ChangeAsync(("segment.ms", (AlterConfigOperation)9, "1")));

        async Task<ErrorCode> ChangeAsync(params (string Name, AlterConfigOperation Operation, string? Value)[] changes)
        {
            var request = new IncrementalAlterConfigsRequest
            {
                Resources = [new() { ResourceType = ConfigResourceType.Topic, ResourceName = "a", Configs = [.. changes.Select(change => new IncrementalAlterConfigsRequest.Config { Name = change.Name, Operation = change.Operation, Value = change.Value })] }],
            };
            return (await client.AskAsync<IncrementalAlterConfigsResponse>(request, 1)).Resources.Single().ErrorCode;
        }
    }

    // As Kafka: which of two wishes was meant cannot be known, so neither is carried out. A description is the same whoever asks for it twice.
    [Fact]
    public async Task A_resource_that_is_named_twice_is_described_once_and_not_changed_at_all()
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("a");
        harness.AddTopic("b");
        var client = harness.Connect();
        IncrementalAlterConfigsRequest.Resource Wish(string topic, string value) =>
            new() { ResourceType = ConfigResourceType.Topic, ResourceName = topic, Configs = [new() { Name = "retention.ms", Value = value }] };
        AlterConfigsRequest.Resource Whole(string topic, string value) =>
            new() { ResourceType = ConfigResourceType.Topic, ResourceName = topic, Configs = [new() { Name = "segment.ms", Value = value }] };

        var single = await client.AskAsync<IncrementalAlterConfigsResponse>(new IncrementalAlterConfigsRequest { Resources = [Wish("a", "1000"), Wish("b", "2000"), Wish("a", "3000")] }, 1);
        Assert.Equal([ErrorCode.InvalidRequest, ErrorCode.None, ErrorCode.InvalidRequest], single.Resources.Select(static resource => resource.ErrorCode));
        Assert.DoesNotContain("retention.ms", harness.Catalog.Current.Find("a")!.Configs.Keys);
        Assert.Contains("retention.ms", harness.Catalog.Current.Find("b")!.Configs.Keys);

        var whole = await client.AskAsync<AlterConfigsResponse>(new AlterConfigsRequest { Resources = [Whole("a", "1000"), Whole("a", "1000")] }, 2);
        Assert.Equal([ErrorCode.InvalidRequest, ErrorCode.InvalidRequest], whole.Resources.Select(static resource => resource.ErrorCode));
        Assert.DoesNotContain("segment.ms", harness.Catalog.Current.Find("a")!.Configs.Keys);

        DescribeConfigsRequest.Resource asked = new() { ResourceType = ConfigResourceType.Topic, ResourceName = "a" };
        Assert.Single((await client.AskAsync<DescribeConfigsResponse>(new DescribeConfigsRequest { Resources = [asked, asked] }, 4)).Resources);
    }

    [Theory]
    [InlineData(ConfigResourceType.Broker, "Cannot update these configs dynamically: [some.config]. Configs of a broker are set at its start.")]
    [InlineData(ConfigResourceType.BrokerLogger, "Configs of resource type BrokerLogger have no effect here and cannot be changed: [some.config].")]
    [InlineData(ConfigResourceType.ClientMetrics, "Configs of resource type ClientMetrics have no effect here and cannot be changed: [some.config].")]
    [InlineData(ConfigResourceType.Group, "Configs of resource type Group have no effect here and cannot be changed: [some.config].")]
    public async Task Configs_that_cannot_be_changed_are_refused_by_name(ConfigResourceType type, string message)
    {
        await using var harness = new GatewayHarness();
        var request = new IncrementalAlterConfigsRequest { Resources = [new() { ResourceType = type, ResourceName = "3", Configs = [new() { Name = "some.config", Value = "2" }] }] };
        var client = harness.Connect();

        var answer = (await client.AskAsync<IncrementalAlterConfigsResponse>(request, 1)).Resources.Single();
        request.Resources[0].Configs.Clear();
        var nothing = (await client.AskAsync<IncrementalAlterConfigsResponse>(request, 1)).Resources.Single();

        Assert.Equal((ErrorCode.InvalidRequest, message), (answer.ErrorCode, answer.ErrorMessage));
        Assert.Equal(ErrorCode.None, nothing.ErrorCode);
    }

    // As Kafka 4.3.1: what is to be kept by key is not dropped by offset, unless delete stands beside it. No policy at all forbids nothing.
    [Theory]
    [InlineData("compact", ErrorCode.PolicyViolation)]
    [InlineData("compact,compact", ErrorCode.PolicyViolation)]
    [InlineData("compact,delete", ErrorCode.None)]
    [InlineData("", ErrorCode.None)]
    public async Task Records_of_a_topic_that_is_only_compacted_are_not_deleted_by_offset(string policy, ErrorCode expected)
    {
        await using var harness = new GatewayHarness();
        harness.Grains.Topics.Add("a", configs: ImmutableSortedDictionary<string, string>.Empty.Add("cleanup.policy", policy));
        var request = new DeleteRecordsRequest { TimeoutMs = 1000, Topics = [new() { Name = "a", Partitions = [new() { Index = 0, Offset = 0 }] }] };

        var answer = await harness.Connect().AskAsync<DeleteRecordsResponse>(request, 2);

        Assert.Equal(expected, answer.Topics.Single().Partitions.Single().ErrorCode);
    }

    [Fact]
    public async Task Log_dirs_show_the_bytes_of_each_partition()
    {
        await using var harness = new GatewayHarness(options => options.DataPath = "/data");
        var topic = harness.AddTopic("a", partitions: 3);
        harness.Grains.Partitions.Sizes[new PartitionId(topic.Id, 1)] = 77;
        harness.Grains.Partitions.Sizes[new PartitionId(topic.Id, 2)] = null;
        harness.Grains.Partitions.Volume = (1000, 600);
        var client = harness.Connect();
        await client.AskAsync<ProduceResponse>(Requests.Produce("a", new string('x', 5_000)), 9);

        var directory = (await client.AskAsync<DescribeLogDirsResponse>(new DescribeLogDirsRequest { Topics = null }, 4)).Directories.Single();

        Assert.Equal("/data", directory.Path);
        Assert.Equal((1000L, 600L), (directory.TotalBytes, directory.UsableBytes));
        Assert.Equal([0, 1, 2], directory.Topics.Single().Partitions.Select(partition => partition.Index));
        Assert.InRange(directory.Topics[0].Partitions[0].SizeBytes, 5_000, 10_000);
        Assert.Equal([77L, 0L], directory.Topics[0].Partitions[1..].Select(partition => partition.SizeBytes));
        Assert.Equal(1, harness.Grains.Partitions.Openings);
    }

    [Fact]
    public async Task No_reassignment_is_ever_under_way()
    {
        await using var harness = new GatewayHarness();

        Assert.Empty((await harness.Connect().AskAsync<ListPartitionReassignmentsResponse>(new ListPartitionReassignmentsRequest(), 0)).Topics);
    }

    private static CreateTopicsRequest Create(params (string Name, int Partitions, short Replicas)[] topics) => new()
    {
        TimeoutMs = 30_000,
        Topics = [.. topics.Select(topic => new CreateTopicsRequest.Topic { Name = topic.Name, NumPartitions = topic.Partitions, ReplicationFactor = topic.Replicas })],
    };
}
