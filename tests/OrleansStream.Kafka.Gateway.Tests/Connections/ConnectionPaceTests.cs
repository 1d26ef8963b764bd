using Microsoft.Extensions.Time.Testing;
using OrleansStream.Kafka.Gateway.Connections;
using OrleansStream.Kafka.Gateway.Tests.Harness;
using OrleansStream.Kafka.Protocol.Messages;

namespace OrleansStream.Kafka.Gateway.Tests.Connections;

public class ConnectionPaceTests
{
    private static readonly MetadataRequest Anything = new() { Topics = [] };

    [Fact]
    public void A_seconds_worth_comes_at_once_and_the_rest_at_the_rate()
    {
        var time = new FakeTimeProvider();
        var pace = new ConnectionPace(new GatewayOptions { MaxConnectionsPerSecond = 4, MaxStall = TimeSpan.FromSeconds(1) }, time);

        // A second back and now, in steps of a quarter.
        Assert.All(Enumerable.Range(0, 5).Select(_ => pace.Enter()), static delay => Assert.Equal(TimeSpan.Zero, delay));
        Assert.Equal([250, 500, 750, 1000], Enumerable.Range(0, 4).Select(_ => pace.Enter()!.Value.TotalMilliseconds));

        // Nobody waits longer than the bound, and who is sent away takes no turn.
        Assert.Null(pace.Enter());
        time.Advance(TimeSpan.FromMilliseconds(250));
        Assert.Equal(TimeSpan.FromSeconds(1), pace.Enter());
    }

    [Fact]
    public void No_rate_is_no_delay()
    {
        var pace = new ConnectionPace(new GatewayOptions(), new FakeTimeProvider());

        Assert.All(Enumerable.Range(0, 1000).Select(_ => pace.Enter()), static delay => Assert.Equal(TimeSpan.Zero, delay));
    }

    [Fact]
    public async Task A_connection_beyond_the_rate_is_served_later_and_not_refused()
    {
        // The clock moves fast here; it must not make anybody idle.
        await using var harness = new GatewayHarness(static options => (options.MaxConnectionsPerSecond, options.MaxIdle) = (1, TimeSpan.FromDays(10_000)));
        await harness.Connect().AskAsync<MetadataResponse>(Anything, 9);
        await harness.Connect().AskAsync<MetadataResponse>(Anything, 9);
        var third = harness.Connect();
        await third.SendAsync(Anything, 9);
        var answer = third.ReceiveRawAsync();
        await GatewayHarness.UntilAsync(() => harness.Connections.Count == 3);
        Assert.False(answer.IsCompleted);

        while (!answer.IsCompleted)
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            harness.Time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Yield();
        }

        Assert.NotNull(await answer);
    }

    [Fact]
    public async Task A_drain_does_not_wait_for_the_turn_of_a_connection()
    {
        await using var harness = new GatewayHarness(static options => options.MaxConnectionsPerSecond = 1);
        await harness.Connect().AskAsync<MetadataResponse>(Anything, 9);
        await harness.Connect().AskAsync<MetadataResponse>(Anything, 9);
        var third = harness.Connect();
        await GatewayHarness.UntilAsync(() => harness.Connections.Count == 3);

        // The clock stands.
        await harness.Connections.DrainAsync(TestContext.Current.CancellationToken);

        await third.Served;
    }
}
