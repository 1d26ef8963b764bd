using System.Buffers.Binary;
using OrleansStream.Kafka.Gateway.Tests.Harness;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Testing.Records;

namespace OrleansStream.Kafka.Gateway.Tests.Connections;

public class KafkaConnectionTests
{
    private static readonly MetadataRequest Anything = new() { Topics = [] };

    public static TheoryData<string, byte[]> Garbage => new()
    {
        { "a negative size", [0xFF, 0xFF, 0xFF, 0xFF] },
        { "a size of zero", [0, 0, 0, 0] },
        { "a size above the limit", [0x7F, 0xFF, 0xFF, 0xFF] },
        { "an unknown API", [0, 0, 0, 10, 0, 200, 0, 0, 0, 0, 0, 1, 0xFF, 0xFF] },
        { "an unknown version", [0, 0, 0, 10, 0, 1, 0, 3, 0, 0, 0, 1, 0xFF, 0xFF] },
        { "Produce version 2", [0, 0, 0, 10, 0, 0, 0, 2, 0, 0, 0, 1, 0xFF, 0xFF] },
        { "a cut body", [0, 0, 0, 11, 0, 3, 0, 1, 0, 0, 0, 1, 0xFF, 0xFF, 0] },
        { "a count beyond the frame", [0, 0, 0, 14, 0, 3, 0, 1, 0, 0, 0, 1, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF] },
        { "a header of two bytes", [0, 0, 0, 2, 0, 3] },
    };

    [Theory]
    [MemberData(nameof(Garbage))]
    public async Task Garbage_closes_its_connection_and_no_other(string what, byte[] bytes)
    {
        await using var harness = new GatewayHarness();
        var guilty = harness.Connect();
        var innocent = harness.Connect();

        await guilty.SendRawAsync(bytes);

        Assert.True(await guilty.IsClosedAsync(), what);
        Assert.Equal("cluster-of-tests", (await innocent.AskAsync<MetadataResponse>(Anything, 9)).ClusterId);
    }

    // Seeded. Whatever comes in, the broker lives and everything is given back (which the harness checks).
    [Theory]
    [InlineData(21)]
    [InlineData(22)]
    [InlineData(23)]
    public async Task Random_bytes_behind_an_honest_size_harm_nobody(int seed)
    {
        var random = new Random(seed);
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders");
        for (var round = 0; round < 200; round++)
        {
            var client = harness.Connect();
            var bytes = new byte[random.Next(5, 200)];
            random.NextBytes(bytes);
            BinaryPrimitives.WriteInt32BigEndian(bytes, bytes.Length - sizeof(int));
            var api = ApiTable.All[random.Next(ApiTable.All.Count)];
            if (bytes.Length >= 8)
            {
                BinaryPrimitives.WriteInt16BigEndian(bytes.AsSpan(4), (short)api.Key);
                BinaryPrimitives.WriteInt16BigEndian(bytes.AsSpan(6), (short)random.Next(api.MinVersion, api.MaxVersion + 1));
            }

            await client.SendRawAsync(bytes);
            await client.CloseAsync();
        }

        Assert.Equal("cluster-of-tests", (await harness.Connect().AskAsync<MetadataResponse>(Anything, 9)).ClusterId);
    }

    // Pitfall 28: odd, empty, missing and very long client ids and names are only names.
    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("ключ 🔑 \u0001")]
    public async Task Pitfall_28_any_client_id_will_do(string? clientId)
    {
        await using var harness = new GatewayHarness();
        var client = harness.Connect();

        Assert.Equal("cluster-of-tests", (await client.AskAsync<MetadataResponse>(Anything, 9, clientId)).ClusterId);
        Assert.Equal("cluster-of-tests", (await client.AskAsync<MetadataResponse>(Anything, 0 + 9, new string('c', 32_000))).ClusterId);
    }

    [Fact]
    public async Task A_frame_that_comes_byte_by_byte_is_one_frame()
    {
        await using var harness = new GatewayHarness();
        var client = harness.Connect();
        byte[] frame = [0, 0, 0, 14, 0, 3, 0, 1, 0, 0, 0, 1, 0xFF, 0xFF, 0, 0, 0, 0];
        foreach (var part in frame)
        {
            await client.SendRawAsync([part]);
        }

        Assert.NotNull(await client.ReceiveRawAsync());
    }

    [Fact]
    public async Task Unanswered_requests_are_bounded_and_the_rest_stays_in_the_socket()
    {
        await using var harness = new GatewayHarness(options => options.MaxUnansweredRequests = 3);
        harness.AddTopic("orders");
        var client = harness.Connect();
        await client.AskAsync<ProduceResponse>(Requests.Produce("orders", "opens"), 9);
        var batch = new BatchBuilder().Record("a").Build();
        for (var request = 0; request < 5; request++)
        {
            await client.SendAsync(Requests.Produce("orders", 0, batch), 9);
        }

        // The fourth is read and waits for room, so its intake is out; the fifth is still in the pipe.
        await GatewayHarness.UntilAsync(() => harness.Intake.Taken > 0);
        harness.Broker.Lane.Write();
        for (var request = 0; request < 5; request++)
        {
            Assert.Equal(request + 1, ((ProduceResponse)(await harness.PublishUntilAsync(client.ReceiveAsync(ApiKey.Produce, 9))).Body).Only().BaseOffset);
        }
    }

    [Fact]
    public async Task A_silent_connection_is_closed_after_its_idle_time_and_a_busy_one_is_not()
    {
        await using var harness = new GatewayHarness(options => options.MaxIdle = TimeSpan.FromSeconds(100));
        var silent = harness.Connect();
        var busy = harness.Connect();
        await silent.AskAsync<MetadataResponse>(Anything, 9);
        await busy.AskAsync<MetadataResponse>(Anything, 9);
        harness.Time.Advance(TimeSpan.FromSeconds(99));
        await busy.AskAsync<MetadataResponse>(Anything, 9);
        await silent.AskAsync<MetadataResponse>(Anything, 9);
        harness.Time.Advance(TimeSpan.FromSeconds(50));
        await busy.AskAsync<MetadataResponse>(Anything, 9);

        harness.Time.Advance(TimeSpan.FromSeconds(52));

        Assert.True(await silent.IsClosedAsync());
        await busy.AskAsync<MetadataResponse>(Anything, 9);
    }

    [Fact]
    public async Task A_request_that_stops_in_the_middle_is_cut_off()
    {
        // Its idle time cannot be what closes it.
        await using var harness = new GatewayHarness(static options => options.MaxIdle = TimeSpan.FromDays(10_000));
        var client = harness.Connect();
        await client.SendRawAsync([0, 0, 1, 0, 0, 3]);

        // When the broker has seen the bytes cannot be known; its time to wait for more begins then.
        while (!client.Served.IsCompleted)
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            harness.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        Assert.True(await client.IsClosedAsync());
    }

    [Fact]
    public async Task A_peer_that_takes_nothing_of_its_answer_is_cut_off_and_its_leases_come_back()
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders");
        var slow = harness.Connect(pauseBytes: 64 * 1024);
        for (var batch = 0; batch < 3; batch++)
        {
            await slow.AskAsync<ProduceResponse>(Requests.Produce("orders", 0, new BatchBuilder().Record(new string('x', 500_000)).Build()), 9);
        }

        await slow.SendAsync(Requests.Fetch("orders", 0, partitionMaxBytes: 10_000_000), 12);
        await GatewayHarness.UntilAsync(() => harness.Responses.Taken > 0);
        harness.Time.Advance(TimeSpan.FromSeconds(29));
        Assert.False(slow.Served.IsCompleted);

        // The answer may begin a moment after the clock was moved: each second counts from there.
        while (!slow.Served.IsCompleted)
        {
            harness.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        Assert.Equal(0, harness.Responses.Taken);
    }

    [Theory]
    [InlineData(2, int.MaxValue)]
    [InlineData(int.MaxValue, 2)]
    public async Task One_connection_beyond_the_bound_is_closed_and_one_that_ends_makes_room(int connections, int perAddress)
    {
        await using var harness = new GatewayHarness(options => (options.MaxConnections, options.MaxConnectionsPerAddress) = (connections, perAddress));
        var first = harness.Connect();
        var second = harness.Connect();
        await first.AskAsync<MetadataResponse>(Anything, 9);
        await second.AskAsync<MetadataResponse>(Anything, 9);

        Assert.True(await harness.Connect().IsClosedAsync());
        await first.CloseAsync();
        await first.Served;

        await harness.Connect().AskAsync<MetadataResponse>(Anything, 9);
    }

    [Fact]
    public async Task A_drain_answers_what_is_under_way_and_closes()
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders");
        var producer = harness.Connect();
        var consumer = harness.Connect();
        await producer.AskAsync<ProduceResponse>(Requests.Produce("orders", "a"), 9);
        await consumer.SendAsync(Requests.Fetch("orders", 1, maxWaitMs: 60_000), 12);
        await GatewayHarness.UntilAsync(() => harness.Wheel.Count == 1);
        await producer.SendAsync(Requests.Produce("orders", "b"), 9);
        await GatewayHarness.UntilAsync(() => producer.Output.UnflushedBytes == 0 && harness.Intake.Taken == 0);

        var drained = harness.Connections.DrainAsync(TestContext.Current.CancellationToken);
        var late = harness.Connect();

        Assert.True(await late.IsClosedAsync());
        Assert.Equal(ErrorCode.None, ((FetchResponse)(await consumer.ReceiveAsync(ApiKey.Fetch, 12)).Body).Only().ErrorCode);
        Assert.Equal(1, ((ProduceResponse)(await harness.PublishUntilAsync(producer.ReceiveAsync(ApiKey.Produce, 9))).Body).Only().BaseOffset);
        await harness.PublishUntilAsync(Task.Run(async () => { await drained; return 0; }));
        Assert.Equal(0, harness.Connections.Count);
    }

    [Fact]
    public async Task A_drain_whose_time_is_over_cuts_off_who_is_left()
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders");
        var client = harness.Connect();
        await client.AskAsync<ProduceResponse>(Requests.Produce("orders", "a"), 9);
        await client.SendAsync(Requests.Produce("orders", "never durable"), 9);

        // Whether the reading loop waits for the rest of this one, or has ended already and waits for the answer that never comes, it is cut off.
        await client.SendRawAsync([0, 0, 1, 0, 0]);

        await harness.Connections.DrainAsync(new CancellationToken(canceled: true));

        await client.Served;
    }
}
