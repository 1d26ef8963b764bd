using OrleansStream.Kafka.Gateway.Tests.Harness;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Model;
using OrleansStream.Testing.Records;

namespace OrleansStream.Kafka.Gateway.Tests.Handlers;

/// <summary>Fetches whose minimum is more than the limits of their partitions let through: bytes beyond a limit are there, and do not count.</summary>
public class FetchMinimumTests
{
    private const short ByName = 12;

    // 3 MiB lie there, of which 1 MiB may come; the client wants 2.
    [Fact]
    public async Task A_minimum_above_the_partitions_limit_waits_once_and_does_not_look_again_and_again()
    {
        await using var harness = new GatewayHarness();
        var producer = await StoredAsync(harness);
        var consumer = harness.Connect();
        await consumer.SendAsync(Fetch(), ByName);
        var answer = consumer.ReceiveAsync(ApiKey.Fetch, ByName);
        await WaitsAsync(harness);
        var reads = harness.Clock.Reads;
        for (var look = 0; look < 1000; look++)
        {
            await Task.Yield();
        }

        // Whoever wakes looks at the clock to see how much of its time is left. The producer's connection may still look a few times, behind its answer.
        Assert.InRange(harness.Clock.Reads - reads, 0, 20);
        await producer.AskAsync<ProduceResponse>(Requests.Produce("orders", "a few bytes"), 9);
        Assert.Equal(1, harness.Wheel.Count);
        Assert.False(answer.IsCompleted);

        harness.Time.Advance(TimeSpan.FromMilliseconds(510));

        Assert.Equal([0L], FetchTests.BaseOffsets(Records((FetchResponse)(await answer).Body, 0)));
    }

    [Fact]
    public async Task A_minimum_above_one_partitions_limit_is_met_as_soon_as_another_has_the_rest()
    {
        await using var harness = new GatewayHarness();
        var producer = await StoredAsync(harness);
        var consumer = harness.Connect();
        await consumer.SendAsync(Fetch(), ByName);
        var answer = consumer.ReceiveAsync(ApiKey.Fetch, ByName);
        await WaitsAsync(harness);

        await producer.AskAsync<ProduceResponse>(Produce(1), 9);
        await WaitsAsync(harness);
        Assert.False(answer.IsCompleted);
        await producer.AskAsync<ProduceResponse>(Produce(1), 9);

        // The clock stands: what answers is the bytes.
        var response = (FetchResponse)(await answer.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken)).Body;
        Assert.Equal([0L], FetchTests.BaseOffsets(Records(response, 0)));
        Assert.Equal([0L], FetchTests.BaseOffsets(Records(response, 1)));
    }

    // The limit is in real time and matters only where nothing waits; moving the clock then ends what spins.
    private static async Task WaitsAsync(GatewayHarness harness)
    {
        try
        {
            await GatewayHarness.UntilAsync(() => harness.Wheel.Count == 1).WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        }
        catch (TimeoutException)
        {
            harness.Time.Advance(TimeSpan.FromMinutes(1));
            throw;
        }
    }

    private static async Task<TestClient> StoredAsync(GatewayHarness harness)
    {
        harness.AddTopic("orders", 2);
        var producer = harness.Connect();
        for (var batch = 0; batch < 5; batch++)
        {
            await producer.AskAsync<ProduceResponse>(Produce(0), 9);
        }

        // Opened: a fetch that opens first may be answered by that.
        await producer.AskAsync<ListOffsetsResponse>(Requests.ListOffsets("orders", -1, partition: 1), 4);
        return producer;
    }

    private static ProduceRequest Produce(int partition) => Requests.Produce("orders", partition, new BatchBuilder().Record(new string('x', 650_000)).Build());

    private static FetchRequest Fetch()
    {
        var request = Requests.Fetch("orders", 0, maxWaitMs: 500, minBytes: 2 * Limits.MiB);
        request.Topics[0].Partitions.Add(Requests.Partition(1, 0));
        return request;
    }

    private static byte[] Records(FetchResponse response, int partition) =>
        response.Topics.SelectMany(static topic => topic.Partitions).Single(one => one.Index == partition).Records.Bytes();
}
