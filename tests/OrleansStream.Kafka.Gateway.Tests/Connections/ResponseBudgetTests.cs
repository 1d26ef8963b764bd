using OrleansStream.Kafka.Gateway.Tests.Harness;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Model;
using OrleansStream.Testing.Records;

namespace OrleansStream.Kafka.Gateway.Tests.Connections;

/// <summary>What records may cost that were asked for and that nobody reads.</summary>
public class ResponseBudgetTests
{
    [Fact]
    public async Task Who_asks_and_does_not_read_is_cut_off_early_when_others_wait()
    {
        await using var harness = new GatewayHarness(static options => options.ResponseBytes = Limits.MiB);
        var greedy = await GreedyAsync(harness);
        var other = await WaitingAsync(harness);
        for (var second = 0; second < 7; second++)
        {
            harness.Time.Advance(TimeSpan.FromSeconds(1));
        }

        var answer = (FetchResponse)(await other.ReceiveAsync(ApiKey.Fetch, 11)).Body;
        Assert.NotEmpty(answer.Only().Records.Bytes());
        await greedy.Served;
    }

    [Fact]
    public async Task Who_takes_its_records_in_drops_is_cut_off_too()
    {
        await using var harness = new GatewayHarness(static options => options.ResponseBytes = Limits.MiB);
        var greedy = await GreedyAsync(harness);
        var other = await WaitingAsync(harness);

        // A step of 256 KiB in four seconds.
        for (var second = 0; second < 9; second++)
        {
            harness.Time.Advance(TimeSpan.FromSeconds(1));
            if (second == 3)
            {
                var before = harness.Clock.Reads;
                await TakeAsync(greedy, 256 * Limits.KiB);
                await GatewayHarness.UntilAsync(() => harness.Clock.Reads >= before + 2);
            }
        }

        Assert.NotNull(await other.ReceiveRawAsync());
        await greedy.Served;
    }

    [Fact]
    public async Task Who_does_not_read_is_left_alone_while_nobody_waits()
    {
        await using var harness = new GatewayHarness(static options => options.ResponseBytes = Limits.MiB);
        var greedy = await GreedyAsync(harness);
        for (var second = 0; second < 20; second++)
        {
            harness.Time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.False(greedy.Served.IsCompleted);
        Assert.NotNull(await greedy.ReceiveRawAsync());
    }

    // A client that asks for all that the budget has, and reads nothing.
    private static async Task<TestClient> GreedyAsync(GatewayHarness harness)
    {
        harness.AddTopic("orders");
        var producer = harness.Connect();
        for (var batch = 0; batch < 6; batch++)
        {
            await producer.AskAsync<ProduceResponse>(Requests.Produce("orders", 0, new BatchBuilder().Record(new string('x', 200 * Limits.KiB)).Build()), 9);
        }

        var greedy = harness.Connect(pauseBytes: 64 * Limits.KiB);
        await greedy.SendAsync(Requests.Fetch("orders", 0), 11);
        await GatewayHarness.UntilAsync(() => harness.Responses.Taken > 800 * Limits.KiB);

        // Its first bytes are there, and untouched: the broker waits for room to write the rest from now on.
        var first = await greedy.Input.ReadAsync(TestContext.Current.CancellationToken);
        greedy.Input.AdvanceTo(first.Buffer.Start);
        return greedy;
    }

    private static async Task<TestClient> WaitingAsync(GatewayHarness harness)
    {
        var other = harness.Connect();
        await other.SendAsync(Requests.Fetch("orders", 0), 11);
        await GatewayHarness.UntilAsync(() => harness.Responses.Waiting == 1);
        return other;
    }

    private static async Task TakeAsync(TestClient client, long bytes)
    {
        while (bytes > 0)
        {
            var read = await client.Input.ReadAsync(TestContext.Current.CancellationToken);
            var taken = Math.Min(bytes, read.Buffer.Length);
            client.Input.AdvanceTo(read.Buffer.GetPosition(taken));
            bytes -= taken;
        }
    }
}
