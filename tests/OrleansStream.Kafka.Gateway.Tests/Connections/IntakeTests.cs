using System.Buffers.Binary;
using System.IO.Pipelines;
using Microsoft.Extensions.Time.Testing;
using OrleansStream.Kafka.Gateway.Connections;
using OrleansStream.Kafka.Gateway.Tests.Harness;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Framing;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Kafka.Protocol.Primitives;
using OrleansStream.Model;
using OrleansStream.Testing.Records;

namespace OrleansStream.Kafka.Gateway.Tests.Connections;

/// <summary>What half-sent requests may cost the others.</summary>
public class IntakeTests
{
    private const int Announced = 100 * Limits.MiB;

    private static readonly TimeSpan MaxIdle = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan MaxStall = TimeSpan.FromSeconds(30);

    private static readonly MetadataRequest Anything = new() { Topics = [] };

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(60 * 1024)]
    public async Task Announced_bytes_are_taken_from_nobody(int sent)
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders");
        for (var connection = 0; connection < 100; connection++)
        {
            await harness.Connect().SendRawAsync([.. Size(Announced), .. new byte[sent]]);
        }

        var answer = await harness.Connect().AskAsync<ProduceResponse>(Requests.Produce("orders", new string('x', Limits.MiB / 2)), 9);

        Assert.Equal(ErrorCode.None, answer.Only().ErrorCode);
        Assert.Equal(0, harness.Intake.Taken);
    }

    [Fact]
    public async Task What_a_large_request_takes_grows_with_what_came()
    {
        await using var harness = new GatewayHarness();
        var client = harness.Connect();
        await client.SendRawAsync(Size(Announced));
        await SendAsync(client, 64 * Limits.KiB);
        await GatewayHarness.UntilAsync(() => harness.Intake.Taken == 1088 * Limits.KiB);

        await SendAsync(client, Limits.MiB);
        await GatewayHarness.UntilAsync(() => harness.Intake.Taken == 4 * 1088 * Limits.KiB);

        await client.CloseAsync();
        await client.Served;
        Assert.Equal(0, harness.Intake.Taken);
    }

    [Fact]
    public async Task The_next_connection_waits_while_intake_is_taken()
    {
        await using var harness = new GatewayHarness(options => options.IntakeBytes = Limits.MiB);
        var slow = harness.Connect();
        var fast = harness.Connect();
        await slow.SendRawAsync(Size(Limits.MiB));
        await SendAsync(slow, 64 * Limits.KiB);
        await GatewayHarness.UntilAsync(() => harness.Intake.Taken == Limits.MiB);

        await fast.SendAsync(Anything, 9);
        await GatewayHarness.UntilAsync(() => harness.Intake.Waiting == 1);
        await slow.CloseAsync();

        Assert.NotNull(await fast.ReceiveRawAsync());
    }

    // The pipe lets the client go on only when the reader has seen its byte, so that each byte has its own second.
    [Fact]
    public async Task A_request_that_comes_byte_by_byte_is_overdue_though_it_never_stops()
    {
        var time = new FakeTimeProvider();
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 1, resumeWriterThreshold: 1, useSynchronizationContext: false));
        var activity = new ConnectionActivity(time, minBytesPerSecond: 16 * Limits.KiB);
        using var end = new CancellationTokenSource();
        var reading = new FrameReader(pipe.Reader, new IntakeBudget(Limits.MiB), Limits.MiB, activity).ReadAsync(end.Token).AsTask();
        await pipe.Writer.WriteAsync(Size(1000), TestContext.Current.CancellationToken);
        for (var second = 0; second < 30; second++)
        {
            Assert.Null(activity.Overdue(MaxIdle, MaxStall));
            await pipe.Writer.WriteAsync(new byte[1], TestContext.Current.CancellationToken);
            time.Advance(TimeSpan.FromSeconds(1));
        }

        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(ConnectionPhase.Intake, activity.Overdue(MaxIdle, MaxStall));
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
    }

    [Fact]
    public async Task A_request_may_take_long_as_long_as_it_comes_at_the_least_rate()
    {
        await using var harness = new GatewayHarness();
        var client = harness.Connect();
        var frame = Produce(Limits.MiB);
        for (var at = 0; at < frame.Length; at += 17 * Limits.KiB)
        {
            await client.SendRawAsync(frame[at..Math.Min(frame.Length, at + (17 * Limits.KiB))]);
            harness.Time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.NotNull(await client.ReceiveRawAsync());
    }

    // Together they want several times what there is, and all have begun before any is complete.
    [Fact]
    public async Task Large_requests_that_hold_all_intake_between_them_are_all_served()
    {
        await using var harness = new GatewayHarness(options => options.IntakeBytes = 8 * Limits.MiB);
        harness.AddTopic("orders");
        var frame = Produce(7 * Limits.MiB);
        var sending = Enumerable.Range(0, 6).Select(_ => harness.Connect()).Select(async client =>
        {
            for (var at = 0; at < frame.Length; at += 50_000)
            {
                await client.SendRawAsync(frame[at..Math.Min(frame.Length, at + 50_000)]);
                await Task.Yield();
            }

            return await client.ReceiveRawAsync();
        });

        Assert.All(await Task.WhenAll(sending), Assert.NotNull);
    }

    [Fact]
    public async Task A_request_above_the_whole_bound_is_served_alone()
    {
        await using var harness = new GatewayHarness(options => options.IntakeBytes = 2 * Limits.MiB);
        harness.AddTopic("orders");
        var client = harness.Connect();

        await client.SendRawAsync(Produce(9 * Limits.MiB));

        Assert.NotNull(await client.ReceiveRawAsync());
    }

    [Fact]
    public async Task When_half_sent_requests_hold_all_intake_the_slowest_make_room_for_those_who_wait()
    {
        await using var harness = new GatewayHarness(options => options.IntakeBytes = 4 * Limits.MiB);
        var senders = Enumerable.Range(0, 4).Select(_ => harness.Connect()).ToList();
        foreach (var sender in senders)
        {
            await sender.SendRawAsync(Size(Limits.MiB));
            await SendAsync(sender, 64 * Limits.KiB);
        }

        await GatewayHarness.UntilAsync(() => harness.Connections.All.Count(static connection => connection.Activity.IntakeLag().Held == Limits.MiB) == 4);
        var waiting = harness.Connect();
        await waiting.SendAsync(Anything, 9);
        await GatewayHarness.UntilAsync(() => harness.Intake.Waiting == 1);
        harness.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.DoesNotContain(senders, static sender => sender.Served.IsCompleted);
        await SendAsync(senders[0], 512 * Limits.KiB);
        await SendAsync(senders[1], 512 * Limits.KiB);
        await SendAsync(senders[3], 512 * Limits.KiB);

        harness.Time.Advance(TimeSpan.FromSeconds(1));
        harness.Time.Advance(TimeSpan.FromSeconds(1));

        Assert.NotNull(await waiting.ReceiveRawAsync());
        await senders[2].Served;
        Assert.Equal(3, senders.Count(static sender => !sender.Served.IsCompleted));
    }

    private static byte[] Size(int bytes)
    {
        var size = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(size, bytes);
        return size;
    }

    // A partition that does not exist: the answer comes without a lane.
    private static byte[] Produce(int bytes)
    {
        using var writer = new ProtocolWriter();
        RequestFrame.Write(writer, new RequestHeader(ApiKey.Produce, 9, 1, "test"), Requests.Produce("nowhere", 0, new byte[bytes]));
        return writer.ToArray();
    }

    private static Task SendAsync(TestClient client, int bytes) => client.SendRawAsync(new byte[bytes]);
}
