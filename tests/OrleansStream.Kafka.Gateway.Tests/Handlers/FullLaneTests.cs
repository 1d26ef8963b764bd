using OrleansStream.Kafka.Gateway.Connections;
using OrleansStream.Kafka.Gateway.Tests.Harness;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Log.Lanes;
using OrleansStream.Testing.Records;

namespace OrleansStream.Kafka.Gateway.Tests.Handlers;

/// <summary>Storage that takes records more slowly than they come: producers wait, then they are told to, then they are refused.</summary>
public sealed class FullLaneTests
{
    private const int TimeoutMs = 12_345;

    [Theory]
    [InlineData(0, 0)]
    [InlineData(99, 0)]
    [InlineData(100, 100)]
    [InlineData(700, 700)]
    [InlineData(1_000, 1_000)]
    [InlineData(8_000, 1_000)]
    public async Task Whoever_waited_long_for_room_is_told_to_stay_away_as_long_again_but_not_for_more_than_a_second(int waitedMs, int throttledMs)
    {
        await using var harness = new GatewayHarness();
        var client = await FullAsync(harness);
        await client.SendAsync(Produce("b"), 9);
        await WaitsAsync(harness);
        harness.Time.Advance(TimeSpan.FromMilliseconds(waitedMs));
        MakeRoom(harness);

        var answer = await AnswerAsync(harness, client);
        var next = await client.AskAsync<ProduceResponse>(Produce("c"), 9);

        Assert.Equal((ErrorCode.None, 1L, throttledMs), (answer.Only().ErrorCode, answer.Only().BaseOffset, answer.ThrottleTimeMs));
        Assert.Equal((ErrorCode.None, 2L, 0), (next.Only().ErrorCode, next.Only().BaseOffset, next.ThrottleTimeMs));
    }

    [Fact]
    public async Task A_wait_that_was_in_vain_at_first_counts_as_a_whole()
    {
        await using var harness = new GatewayHarness();
        var client = await FullAsync(harness);
        await client.SendAsync(Produce("b"), 9);
        await WaitsAsync(harness);
        harness.Time.Advance(TimeSpan.FromMilliseconds(60));
        harness.Clock.Timers.Clear();
        harness.Broker.Lane.Lane.OnSpace(); // Somebody else took it.
        await GatewayHarness.UntilAsync(() => harness.Clock.Timers.Contains(TimeSpan.FromMilliseconds(TimeoutMs - 60)));
        harness.Time.Advance(TimeSpan.FromMilliseconds(60));
        MakeRoom(harness);

        Assert.Equal(120, (await AnswerAsync(harness, client)).ThrottleTimeMs);
    }

    // Its client has given it up by then: stored later, it would be there twice.
    [Fact]
    public async Task A_batch_that_finds_no_room_within_its_timeout_is_refused_and_never_stored_and_so_are_those_behind_it()
    {
        await using var harness = new GatewayHarness();
        var client = await FullAsync(harness);
        await client.SendAsync(Produce("b"), 9);
        await WaitsAsync(harness);
        harness.Time.Advance(TimeSpan.FromMilliseconds(1));
        await client.SendAsync(Produce("c"), 9);
        var answer = client.ReceiveAsync(ApiKey.Produce, 9);
        harness.Time.Advance(TimeSpan.FromMilliseconds(TimeoutMs - 2));
        Assert.False(answer.IsCompleted);

        harness.Time.Advance(TimeSpan.FromMilliseconds(1));
        var refused = (ProduceResponse)(await answer).Body;
        var behind = (ProduceResponse)(await client.ReceiveAsync(ApiKey.Produce, 9)).Body;
        MakeRoom(harness);

        // What was sent within one way of the network from the refusal counts as sent before it.
        ProduceResponse after;
        do
        {
            harness.Time.Advance(RefusedPartitions.FlightTime);
            after = await client.AskAsync<ProduceResponse>(Produce("d"), 9);
        }
        while (after.Only().ErrorCode == ErrorCode.NotLeaderOrFollower);

        Assert.Equal((ErrorCode.KafkaStorageError, 1_000), (refused.Only().ErrorCode, refused.ThrottleTimeMs));
        Assert.NotEqual(ErrorCode.None, behind.Only().ErrorCode);
        Assert.Equal((ErrorCode.None, 1L), (after.Only().ErrorCode, after.Only().BaseOffset));
    }

    // The partition is open, and its lane takes nothing more.
    private static async Task<TestClient> FullAsync(GatewayHarness harness)
    {
        harness.AddTopic("orders");
        var client = harness.Connect();
        Assert.Equal(0, (await client.AskAsync<ProduceResponse>(Produce("a"), 9)).Only().BaseOffset);
        harness.Broker.Lane.Store.Space = EnqueueStatus.Full;
        return client;
    }

    private static ProduceRequest Produce(string value)
    {
        var request = Requests.Produce("orders", 0, new BatchBuilder().Record(value).Build());
        request.TimeoutMs = TimeoutMs;
        return request;
    }

    private static Task WaitsAsync(GatewayHarness harness) => GatewayHarness.UntilAsync(() => harness.Clock.Timers.Contains(TimeSpan.FromMilliseconds(TimeoutMs)));

    private static void MakeRoom(GatewayHarness harness)
    {
        harness.Broker.Lane.Store.Space = EnqueueStatus.Accepted;
        harness.Broker.Lane.Lane.OnSpace();
    }

    private static async Task<ProduceResponse> AnswerAsync(GatewayHarness harness, TestClient client) =>
        (ProduceResponse)(await harness.PublishUntilAsync(client.ReceiveAsync(ApiKey.Produce, 9))).Body;
}
