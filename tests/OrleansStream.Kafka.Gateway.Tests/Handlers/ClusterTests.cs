using OrleansStream.Kafka.Gateway.Tests.Harness;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Model.Ids;

namespace OrleansStream.Kafka.Gateway.Tests.Handlers;

// What a broker of several answers that a lone one never has to.
public sealed class ClusterTests
{
    [Fact]
    public async Task A_topic_that_was_created_by_way_of_another_broker_is_found_by_a_second_look()
    {
        await using var harness = new GatewayHarness();
        var client = harness.Connect();
        harness.Updates.Found = () =>
        {
            if (harness.Updates.Looks == 1) harness.AddTopic("elsewhere");
        };

        var produced = await client.AskAsync<ProduceResponse>(Requests.Produce("elsewhere", "a"), 9);
        var unknown = await client.AskAsync<ProduceResponse>(Requests.Produce("nowhere", "a"), 9);
        var metadata = await client.AskAsync<MetadataResponse>(new MetadataRequest { Topics = [new() { Name = "nowhere" }], AllowAutoTopicCreation = false }, 9);

        Assert.Equal((ErrorCode.None, 0), (produced.Only().ErrorCode, produced.Only().BaseOffset));
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, unknown.Only().ErrorCode);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, Assert.Single(metadata.Topics).ErrorCode);
        Assert.Equal(3, harness.Updates.Looks);
    }

    [Fact]
    public async Task Metadata_names_who_serves_a_partition_and_who_is_to_serve_it_takes_it_all_the_same()
    {
        await using var harness = new GatewayHarness();
        var topic = harness.AddTopic("moving");
        harness.Cluster.NotYetHere.Add(new PartitionId(topic.Id, 0));
        var client = harness.Connect();

        var before = await client.AskAsync<MetadataResponse>(Requests.Metadata("moving"), 9);
        var produced = await client.AskAsync<ProduceResponse>(Requests.Produce("moving", "a"), 9);

        Assert.Equal(7, before.Topics.Single().Partitions.Single().LeaderId);
        Assert.Equal(ErrorCode.None, produced.Only().ErrorCode);
    }

    // librdkafka takes a leader for what it says whatever the code beside it, and a producer that leaves before it is refused has a batch on its way to either broker: docs/adr/0018.
    [Theory, InlineData(9), InlineData(10)]
    public async Task An_acknowledgement_names_no_leader_not_even_of_a_partition_that_is_to_move(short version)
    {
        await using var harness = new GatewayHarness();
        var topic = harness.AddTopic("leaving");
        var client = harness.Connect();
        await client.AskAsync<ProduceResponse>(Requests.Produce("leaving", "a"), version);
        harness.Cluster.Elsewhere.Add(new PartitionId(topic.Id, 0));

        var answer = await client.AskAsync<ProduceResponse>(Requests.Produce("leaving", "b"), version);

        Assert.Equal((ErrorCode.None, 1L), (answer.Only().ErrorCode, answer.Only().BaseOffset));
        Assert.Null(answer.Only().CurrentLeader);
        Assert.Empty(answer.NodeEndpoints);
    }

    // Who would be told to ask here again waits here again, beside a broker that serves the partition all the while.
    [Fact]
    public async Task Whoever_waited_in_vain_for_a_partition_to_open_here_is_sent_to_the_broker_that_serves_it()
    {
        await using var harness = new GatewayHarness();
        var topic = harness.AddTopic("stuck");
        harness.Cluster.NotYetHere.Add(new PartitionId(topic.Id, 0));
        var gate = new TaskCompletionSource();
        harness.Grains.Partitions.Gate = gate.Task;

        var answer = harness.Connect().AskAsync<ProduceResponse>(Requests.Produce("stuck", "a"), 10);
        await GatewayHarness.UntilAsync(() => harness.Grains.Partitions.Openings == 1);
        while (!answer.IsCompleted)
        {
            harness.Time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Yield();
        }

        Assert.Equal((ErrorCode.NotLeaderOrFollower, 7), ((await answer).Only().ErrorCode, (await answer).Only().CurrentLeader!.LeaderId));
        gate.SetResult();
    }

    // Clients that knew an older epoch follow such a hint at once, without a question for metadata.
    [Fact]
    public async Task The_hint_at_another_leader_carries_the_newest_epoch_that_is_known()
    {
        await using var harness = new GatewayHarness();
        var topic = harness.AddTopic("gone");
        var client = harness.Connect();
        await client.AskAsync<ProduceResponse>(Requests.Produce("gone", "a"), 10);
        harness.Broker.Handles.TryGet(new PartitionId(topic.Id, 0), out var handle);
        harness.Broker.Handles.GiveUp(handle!);
        harness.Cluster.Elsewhere.Add(new PartitionId(topic.Id, 0));

        var answer = await client.AskAsync<ProduceResponse>(Requests.Produce("gone", "a"), 10);

        Assert.Equal((7, handle!.Epoch.Value), (answer.Only().CurrentLeader!.LeaderId, answer.Only().CurrentLeader!.LeaderEpoch));
    }

    [Fact]
    public async Task The_controller_is_the_live_broker_that_has_the_catalog()
    {
        await using var harness = new GatewayHarness();
        harness.Cluster.Elsewhere.Add(Abstractions.Topics.HiddenTopics.CatalogPartition);

        Assert.Equal(7, (await harness.Connect().AskAsync<MetadataResponse>(Requests.Metadata(), 9)).ControllerId);
    }
}
