using OrleansStream.Abstractions.Groups;
using OrleansStream.Kafka.Gateway.Connections;
using OrleansStream.Kafka.Gateway.Tests.Harness;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Records;
using SyncGroupRequest = OrleansStream.Kafka.Protocol.Messages.SyncGroupRequest;

namespace OrleansStream.Kafka.Gateway.Tests.Handlers;

/// <summary>Places where Kafka-compatible brokers fail real clients and that belong to no single API; docs/protocol has the list.</summary>
public class PitfallTests
{
    [Fact]
    public async Task Pitfall_3_a_config_without_a_value_is_null_and_an_assignment_without_content_is_empty()
    {
        await using var harness = new GatewayHarness();
        harness.Grains.Groups["g"] = new FakeGroupGrain();
        var client = harness.Connect();

        var configs = await client.AskAsync<DescribeConfigsResponse>(new DescribeConfigsRequest { Resources = [new() { ResourceType = ConfigResourceType.Broker, ResourceName = "3", ConfigNames = ["broker.rack"] }] }, 4);
        var sync = await client.AskAsync<SyncGroupResponse>(new SyncGroupRequest { GroupId = "g", MemberId = "m", ProtocolType = "consumer", ProtocolName = "range" }, 5);

        Assert.Null(configs.Resources.Single().Configs.Single().Value);

        // The type itself cannot be null: what is tried here is that nothing else comes.
        Assert.Equal((ErrorCode.None, 0), (sync.ErrorCode, sync.Assignment.Length));
    }

    // Clients keep the highest epoch that they saw, and take what comes with a lower one for old.
    [Fact]
    public async Task Pitfall_9_a_closed_partition_is_told_with_its_last_epoch_and_opens_in_a_higher_one()
    {
        await using var harness = new GatewayHarness();
        var partition = new PartitionId(harness.AddTopic("orders").Id, 0);
        var client = harness.Connect();
        Assert.Equal(-1, await EpochAsync());

        await client.AskAsync<ProduceResponse>(Requests.Produce("orders", "a"), 9);
        var open = await EpochAsync();
        harness.Broker.Handles.Withdraw(partition, new LeaderEpoch(int.MaxValue), ErrorCode.NotLeaderOrFollower);
        var closed = await EpochAsync();
        var old = Requests.Fetch("orders", 0);
        old.Topics[0].Partitions[0].CurrentLeaderEpoch = closed;
        var fetched = await client.AskAsync<FetchResponse>(old, 12);

        Assert.Equal((5, 5), (open, closed));
        Assert.Equal(ErrorCode.FencedLeaderEpoch, fetched.Only().ErrorCode);
        Assert.Equal(6, await EpochAsync());

        async Task<int> EpochAsync() => (await client.AskAsync<MetadataResponse>(Requests.Metadata("orders"), 9)).Topics[0].Partitions[0].LeaderEpoch;
    }

    // The producer goes on with its sequence; the new log knows nothing of it, so any sequence is the first.
    [Fact]
    public async Task Pitfall_26_an_idempotent_producer_hears_that_its_topic_is_gone_and_goes_on_in_the_next_of_that_name()
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders");
        var client = harness.Connect();
        Assert.Equal((ErrorCode.None, 0L), await SendAsync(0));
        Assert.Equal((ErrorCode.None, 1L), await SendAsync(1));

        await client.AskAsync<DeleteTopicsResponse>(new DeleteTopicsRequest { TimeoutMs = 1000, TopicNames = ["orders"] }, 5);
        Assert.Equal((ErrorCode.UnknownTopicOrPartition, -1L), await SendAsync(2));

        // Clients wait before they try again, and what comes sooner, or before the reader has looked again, was sent behind the refused batch.
        harness.AddTopic("orders");
        await GatewayHarness.UntilAsync(() => harness.Connections.All.Single() is { Answers.Count: 0, Refused.IsReaderWaiting: true });
        harness.Time.Advance(RefusedPartitions.FlightTime);
        Assert.Equal((ErrorCode.None, 0L), await SendAsync(2));
        Assert.Equal((ErrorCode.None, 1L), await SendAsync(3));

        async Task<(ErrorCode, long)> SendAsync(int sequence)
        {
            var answer = (await client.AskAsync<ProduceResponse>(Requests.Produce("orders", 0, BatchBuilder.OfProducer(7, 0, sequence).Record("a").Build()), 9)).Only();
            return (answer.ErrorCode, answer.BaseOffset);
        }
    }

    // Whoever starts first asks for the coordinator before anything is loaded.
    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(6)]
    public async Task Pitfall_30_a_coordinator_is_named_at_once_while_nothing_is_loaded(short version)
    {
        await using var harness = new GatewayHarness();
        harness.LocalGroups.Failure = new TimeoutException();
        var request = version < 4 ? new FindCoordinatorRequest { Key = "g" } : new FindCoordinatorRequest { Keys = ["g"] };

        var answer = await harness.Connect().AskAsync<FindCoordinatorResponse>(request, version);

        Assert.Equal(ErrorCode.None, version < 4 ? answer.ErrorCode : answer.Coordinators.Single().ErrorCode);
        Assert.Equal(3, version < 4 ? answer.NodeId : answer.Coordinators.Single().NodeId);
        Assert.Empty(harness.Grains.Asked);
        Assert.Equal(0, harness.Grains.Partitions.Openings);
    }
}
