using OrleansStream.Kafka.Gateway.Connections;
using OrleansStream.Kafka.Gateway.Tests.Harness;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Records;

namespace OrleansStream.Kafka.Gateway.Tests.Handlers;

/// <summary>Batches of one connection and partition are stored in their order or not at all, whatever happens to those before them.</summary>
public class ProduceOrderTests
{
    [Fact]
    public async Task A_batch_does_not_pass_one_that_was_refused_since_its_partition_did_not_open_in_time()
    {
        await using var harness = new GatewayHarness(WaitsLong);
        harness.AddTopic("orders", 2);
        var gate = new TaskCompletionSource();
        harness.Grains.Partitions.Gate = gate.Task;
        var client = harness.Connect();
        await client.SendAsync(Produce("impatient", timeoutMs: 1_000), 9);

        // Its other partition shows that the second one was read before the first one was answered.
        var both = Produce("patient", timeoutMs: 30_000);
        both.Topics[0].Partitions.Add(Produce("patient", timeoutMs: 30_000, partition: 1).Topics[0].Partitions[0]);
        await client.SendAsync(both, 9);
        await GatewayHarness.UntilAsync(() => harness.Grains.Partitions.Openings == 2);
        harness.Time.Advance(TimeSpan.FromSeconds(1));
        var first = await client.ReceiveAsync(ApiKey.Produce, 9);
        gate.SetResult();
        var second = await harness.PublishUntilAsync(client.ReceiveAsync(ApiKey.Produce, 9));

        Assert.Equal(ErrorCode.NotLeaderOrFollower, ((ProduceResponse)first.Body).Only().ErrorCode);
        Assert.Equal([ErrorCode.NotLeaderOrFollower, ErrorCode.None], ((ProduceResponse)second.Body).Topics[0].Partitions.Select(static partition => partition.ErrorCode));
        await PassAsync(harness);
        Assert.Equal(0, (await client.AskAsync<ProduceResponse>(Produce("impatient", timeoutMs: 1_000), 9)).Only().BaseOffset);
        Assert.Equal(1, (await client.AskAsync<ProduceResponse>(Produce("patient", timeoutMs: 30_000), 9)).Only().BaseOffset);
    }

    [Fact]
    public async Task Another_partition_and_another_connection_are_not_held_up_by_a_refusal()
    {
        await using var harness = new GatewayHarness();
        var topic = harness.AddTopic("orders", 2);
        var client = harness.Connect();
        await client.AskAsync<ProduceResponse>(Produce("opens", 30_000, partition: 1), 9);
        harness.Cluster.Elsewhere.Add(new PartitionId(topic.Id, 0));
        await client.SendAsync(Produce("refused", 30_000), 9);
        await client.SendAsync(Produce("served", 30_000, partition: 1), 9);

        Assert.Equal(ErrorCode.NotLeaderOrFollower, ((ProduceResponse)(await harness.PublishUntilAsync(client.ReceiveAsync(ApiKey.Produce, 9))).Body).Only().ErrorCode);
        Assert.Equal(1, ((ProduceResponse)(await harness.PublishUntilAsync(client.ReceiveAsync(ApiKey.Produce, 9))).Body).Only().BaseOffset);
        harness.Cluster.Elsewhere.Clear();
        Assert.Equal(0, (await harness.Connect().AskAsync<ProduceResponse>(Produce("other", 30_000), 9)).Only().BaseOffset);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_batch_does_not_pass_one_that_its_lane_lost_while_the_partition_opened_anew(bool mayBeStored)
    {
        await using var harness = new GatewayHarness(WaitsLong);
        var (client, gate) = await BehindOneThatWillBeLostAsync(harness, lostTimeoutMs: 30_000);
        if (mayBeStored) harness.Broker.Lane.AbortInWrite();
        else harness.Broker.Lane.Abort();
        harness.Broker.Restart();
        var first = await client.ReceiveAsync(ApiKey.Produce, 9);
        gate.SetResult();
        var second = await harness.PublishUntilAsync(client.ReceiveAsync(ApiKey.Produce, 9));

        Assert.Equal(mayBeStored ? ErrorCode.RequestTimedOut : ErrorCode.NotLeaderOrFollower, ((ProduceResponse)first.Body).Only().ErrorCode);
        Assert.Equal(ErrorCode.NotLeaderOrFollower, ((ProduceResponse)second.Body).Only().ErrorCode);
        await PassAsync(harness);
        Assert.Equal(0, (await client.AskAsync<ProduceResponse>(Produce("lost", 30_000), 9)).Only().BaseOffset);
        Assert.Equal(1, (await client.AskAsync<ProduceResponse>(Produce("behind", 30_000), 9)).Only().BaseOffset);
    }

    // The lane is lost when the first one's timeout was answered already, before its client can have seen that or a while after it.
    [Theory]
    [InlineData(false, 0)]
    [InlineData(true, 0)]
    [InlineData(false, 5)]
    public async Task A_batch_does_not_pass_one_that_its_lane_lost_after_its_timeout_was_answered(bool mayBeStored, int secondsBetween)
    {
        await using var harness = new GatewayHarness(WaitsLong);
        var (client, gate) = await BehindOneThatWillBeLostAsync(harness, lostTimeoutMs: 1_000);
        harness.Time.Advance(TimeSpan.FromSeconds(1));
        var first = await client.ReceiveAsync(ApiKey.Produce, 9);

        var refused = harness.Connections.All.Single().Refused;
        await GatewayHarness.UntilAsync(() => harness.Connections.All.Single().Answers.Count == 1 && refused.IsReaderWaiting);
        harness.Time.Advance(TimeSpan.FromSeconds(secondsBetween));
        refused.EndHolds();
        if (mayBeStored) harness.Broker.Lane.AbortInWrite();
        else harness.Broker.Lane.Abort();
        harness.Broker.Restart();
        gate.SetResult();
        var second = await harness.PublishUntilAsync(client.ReceiveAsync(ApiKey.Produce, 9));

        Assert.Equal((ErrorCode.RequestTimedOut, ErrorCode.NotLeaderOrFollower), (((ProduceResponse)first.Body).Only().ErrorCode, ((ProduceResponse)second.Body).Only().ErrorCode));
        await PassAsync(harness);
        Assert.Equal(0, (await client.AskAsync<ProduceResponse>(Produce("lost", 30_000), 9)).Only().BaseOffset);
        Assert.Equal(1, (await client.AskAsync<ProduceResponse>(Produce("behind", 30_000), 9)).Only().BaseOffset);
    }

    [Theory]
    [InlineData("no topic has this name ")]
    [InlineData("not-yet-")]
    public async Task Known_partitions_are_served_behind_more_unknown_ones_than_are_remembered(string prefix)
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders", 2);
        var client = harness.Connect();
        await client.AskAsync<ProduceResponse>(Produce("opens", 30_000), 9);
        await client.AskAsync<ProduceResponse>(Produce("opens", 30_000, partition: 1), 9);

        // Its first batch keeps the answer until the next request was read.
        var many = Produce("stored", 30_000, partition: 1);
        var batch = many.Topics[0].Partitions[0].Records;
        many.Topics.AddRange(Enumerable.Range(0, RefusedPartitions.MostUnknown + 1).Select(number => new ProduceRequest.Topic { Name = $"{prefix}{number}", Partitions = [new() { Records = batch }] }));
        many.Topics.Add(Produce("last", 30_000).Topics[0]);
        await client.SendAsync(many, 9);
        await client.SendAsync(Produce("next", 30_000), 9);
        await GatewayHarness.UntilAsync(() => harness.Connections.All.Single().Answers.Count == 2);
        var first = (ProduceResponse)(await harness.PublishUntilAsync(client.ReceiveAsync(ApiKey.Produce, 9))).Body;
        var next = (ProduceResponse)(await harness.PublishUntilAsync(client.ReceiveAsync(ApiKey.Produce, 9))).Body;

        Assert.Equal(ErrorCode.None, first.Topics[0].Partitions[0].ErrorCode);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, Assert.Single(first.Topics[1..^1].Select(static topic => topic.Partitions[0].ErrorCode).Distinct()));
        Assert.Equal(1, first.Topics[^1].Partitions[0].BaseOffset);
        Assert.Equal(2, next.Only().BaseOffset);
    }

    [Fact]
    public async Task A_batch_does_not_pass_one_of_a_topic_that_came_to_be_meanwhile_though_its_name_is_not_remembered()
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders");
        var client = harness.Connect();
        await client.AskAsync<ProduceResponse>(Produce("opens", 30_000), 9);
        var many = Produce("stored", 30_000);
        var batch = many.Topics[0].Partitions[0].Records;
        many.Topics.AddRange(Enumerable.Range(0, RefusedPartitions.MostUnknown + 1).Select(number => new ProduceRequest.Topic { Name = $"not-yet-{number}", Partitions = [new() { Records = batch }] }));
        await client.SendAsync(many, 9);
        await GatewayHarness.UntilAsync(() => harness.Connections.All.Single().Answers.Count == 1);
        var last = $"not-yet-{RefusedPartitions.MostUnknown}";
        await GatewayHarness.UntilAsync(() => harness.Connections.All.Single().Refused.Holds(2, last, 0, harness.Catalog.Current));
        harness.AddTopic(last);
        await client.SendAsync(Requests.Produce(last, "behind"), 9);
        await GatewayHarness.UntilAsync(() => harness.Connections.All.Single().Answers.Count == 2);
        await harness.PublishUntilAsync(client.ReceiveAsync(ApiKey.Produce, 9));
        var behind = (ProduceResponse)(await harness.PublishUntilAsync(client.ReceiveAsync(ApiKey.Produce, 9))).Body;

        Assert.Equal(ErrorCode.NotLeaderOrFollower, behind.Only().ErrorCode);
    }

    [Fact]
    public async Task A_refused_batch_is_noted_under_its_own_name_wherever_it_stands_in_its_request()
    {
        await using var harness = new GatewayHarness();
        var topic = harness.AddTopic("orders", 2);
        var client = harness.Connect();
        await client.AskAsync<ProduceResponse>(Produce("opens", 30_000, partition: 1), 9);
        harness.Broker.Handles.TryGet(new PartitionId(topic.Id, 1), out var handle);
        var first = Produce("stored", 30_000, partition: 1);
        first.Topics.Insert(0, new() { Name = "empty" });
        first.Topics.Add(new() { Name = "hollow" });
        first.Topics.Add(new() { Name = "orders", Partitions = [new() { Index = 2, Records = first.Topics[1].Partitions[0].Records }] });
        await client.SendAsync(first, 9);

        // When this one is in the lane, the one before it was refused.
        await client.SendAsync(Produce("stored", 30_000, partition: 1), 9);
        await GatewayHarness.UntilAsync(() => handle!.BytesFrom(new Offset(3)) >= 0);
        await harness.Grains.Topics.Of("orders").GrowAsync(3, validateOnly: false, TestContext.Current.CancellationToken);
        await client.SendAsync(Produce("behind", 30_000, partition: 2), 9);
        await GatewayHarness.UntilAsync(() => harness.Connections.All.Single().Answers.Count == 3);
        await harness.PublishUntilAsync(client.ReceiveAsync(ApiKey.Produce, 9));
        await harness.PublishUntilAsync(client.ReceiveAsync(ApiKey.Produce, 9));
        var behind = await harness.PublishUntilAsync(client.ReceiveAsync(ApiKey.Produce, 9));

        Assert.Equal(ErrorCode.NotLeaderOrFollower, ((ProduceResponse)behind.Body).Only().ErrorCode);
    }

    [Fact]
    public async Task A_batch_that_was_under_way_when_the_refusal_left_is_refused_too_and_the_ones_after_it_in_their_order()
    {
        await using var harness = new GatewayHarness();
        var topic = harness.AddTopic("orders");
        var client = harness.Connect();
        harness.Cluster.Elsewhere.Add(new PartitionId(topic.Id, 0));
        var first = (await client.AskAsync<ProduceResponse>(Produce("first", 30_000), 9)).Only();
        harness.Cluster.Elsewhere.Clear();

        // Its client had sent it before the answer reached it.
        var second = (await client.AskAsync<ProduceResponse>(Produce("second", 30_000), 9)).Only();
        await PassAsync(harness);

        Assert.Equal([ErrorCode.NotLeaderOrFollower, ErrorCode.NotLeaderOrFollower], [first.ErrorCode, second.ErrorCode]);
        Assert.Equal(0, (await client.AskAsync<ProduceResponse>(Produce("first", 30_000), 9)).Only().BaseOffset);
        Assert.Equal(1, (await client.AskAsync<ProduceResponse>(Produce("second", 30_000), 9)).Only().BaseOffset);
    }

    // A batch is in the lane, which is about to be lost; an earlier frame was, and so the handle is closed. The next batch waits for its partition, which the gate holds back.
    // What waits for its partition is still there when an earlier frame is lost.
    private static void WaitsLong(GatewayOptions options) => options.MaxOpeningWait = TimeSpan.FromSeconds(30);

    private static async Task<(TestClient Client, TaskCompletionSource Gate)> BehindOneThatWillBeLostAsync(GatewayHarness harness, int lostTimeoutMs)
    {
        var topic = harness.AddTopic("orders");
        var client = harness.Connect();
        await client.AskAsync<ProduceResponse>(Produce("opens", 30_000), 9);
        harness.Broker.Handles.TryGet(new PartitionId(topic.Id, 0), out var handle);
        await client.SendAsync(Produce("lost", lostTimeoutMs), 9);
        await GatewayHarness.UntilAsync(() => handle!.BytesFrom(new Offset(2)) >= 0);
        var gate = new TaskCompletionSource();
        harness.Grains.Partitions.Gate = gate.Task;
        handle!.Close(ErrorCode.NotLeaderOrFollower);
        var waits = CountWaits();
        await client.SendAsync(Produce("behind", 30_000), 9);
        await GatewayHarness.UntilAsync(() => CountWaits() == waits + 1);
        return (client, gate);

        int CountWaits() => harness.Clock.Timers.Count(static due => due == TimeSpan.FromSeconds(30));
    }

    // What clients wait at the least before they try again. The answer has left when nothing is unanswered, and was told of then; a reader that has not looked
    // again since would find the next request there, and take it for one that was sent before.
    private static async Task PassAsync(GatewayHarness harness)
    {
        await GatewayHarness.UntilAsync(() => harness.Connections.All.All(static connection => connection.Answers.Count == 0 && connection.Refused.IsReaderWaiting));
        harness.Time.Advance(RefusedPartitions.FlightTime);
    }

    private static ProduceRequest Produce(string value, int timeoutMs, int partition = 0)
    {
        var request = Requests.Produce("orders", partition, new BatchBuilder().Record(value).Build());
        request.TimeoutMs = timeoutMs;
        return request;
    }
}
