using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using OrleansStream.Abstractions.Groups;
using OrleansStream.Kafka.Gateway.Tests.Harness;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Framing;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Kafka.Protocol.Primitives;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Records;

namespace OrleansStream.Kafka.Gateway.Tests.Connections;

/// <summary>A client that closes, or sends nothing more, on real sockets: what it sent before counts. One that is gone for good leaves nothing behind.</summary>
public class EndOfInputTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static readonly byte[] UnknownApi = [0, 0, 0, 10, 0, 200, 0, 0, 0, 0, 0, 1, 0xFF, 0xFF];

    [Fact]
    public async Task Records_without_acks_are_stored_though_their_client_closes_while_their_partition_opens()
    {
        await using var harness = new GatewayHarness();
        var topic = harness.AddTopic("orders");
        var gate = new TaskCompletionSource();
        harness.Grains.Partitions.Gate = gate.Task;
        await using var server = await Loopback.StartAsync(harness);
        await using (var socket = await Loopback.ConnectAsync(server))
        {
            await socket.WriteAsync(Frames(20, Batch(acks: 0)), TestContext.Current.CancellationToken);
            await SoonAsync(() => harness.Grains.Partitions.Openings == 1);
        }

        await InputEndedAsync(harness);
        gate.SetResult();
        await ServedAsync(harness);

        Assert.True(harness.Broker.Handles.TryGet(new PartitionId(topic.Id, 0), out var handle));
        Assert.Equal(20, handle.HighWatermark.Value);
    }

    [Fact]
    public async Task A_client_that_has_sent_its_last_request_has_all_its_answers()
    {
        const int Count = 200;
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders");
        await using var server = await Loopback.StartAsync(harness);
        await using var socket = await Loopback.ConnectAsync(server);
        var client = Loopback.ClientOf(harness, socket);
        await client.AskAsync<ProduceResponse>(Requests.Produce("orders", "opens"), 9);

        await socket.WriteAsync(Frames(Count, Batch(acks: -1)), TestContext.Current.CancellationToken);
        socket.Socket.Shutdown(SocketShutdown.Send);
        await InputEndedAsync(harness);

        for (var request = 0; request < Count; request++)
        {
            Assert.Equal(request + 1, ((ProduceResponse)(await harness.PublishUntilAsync(client.ReceiveAsync(ApiKey.Produce, 9)).WaitAsync(Patience, TestContext.Current.CancellationToken)).Body).Only().BaseOffset);
        }

        Assert.True(await client.IsClosedAsync());
    }

    [Fact]
    public async Task A_commit_and_the_leave_behind_it_count_though_their_client_closes()
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders");
        var gate = new TaskCompletionSource();
        var group = harness.Grains.Groups["g"] = new FakeGroupGrain { CommitGate = gate.Task };
        await using var server = await Loopback.StartAsync(harness);
        await using (var socket = await Loopback.ConnectAsync(server))
        {
            await socket.WriteAsync(Frames((Commit(), 7), (Leave(), 5)), TestContext.Current.CancellationToken);
        }

        await InputEndedAsync(harness);
        gate.SetResult();
        await ServedAsync(harness);

        Assert.Collection(group.Requests, static first => Assert.IsType<CommitRequest>(first), static second => Assert.IsType<LeaveRequest>(second));
    }

    [Fact]
    public async Task A_commit_that_waits_for_storage_is_answered_though_its_client_has_sent_its_last_request()
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders");
        var ticket = harness.Tickets.Open();
        var group = harness.Grains.Groups["g"] = new FakeGroupGrain { CommitTicket = ticket };
        await using var server = await Loopback.StartAsync(harness);
        await using var socket = await Loopback.ConnectAsync(server);
        await socket.WriteAsync(Frames((Commit(), 7)), TestContext.Current.CancellationToken);
        socket.Socket.Shutdown(SocketShutdown.Send);
        await InputEndedAsync(harness);
        await SoonAsync(() => group.Requests.Count == 1);

        harness.Tickets.Complete(ticket, new CommitAnswer(ErrorCode.None, [ErrorCode.None]));

        var answer = (OffsetCommitResponse)(await Loopback.ClientOf(harness, socket).ReceiveAsync(ApiKey.OffsetCommit, 7)).Body;
        Assert.Equal(ErrorCode.None, Assert.Single(Assert.Single(answer.Topics).Partitions).ErrorCode);
    }

    [Fact]
    public async Task A_parked_fetch_is_answered_with_what_there_is_when_its_client_has_sent_its_last_request()
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders");
        await using var server = await Loopback.StartAsync(harness);
        await using var socket = await Loopback.ConnectAsync(server);
        var client = Loopback.ClientOf(harness, socket);
        await client.AskAsync<ProduceResponse>(Requests.Produce("orders", "a"), 9);
        await client.SendAsync(Requests.Fetch("orders", 1, maxWaitMs: 60_000), 12);
        await SoonAsync(() => harness.Wheel.Count == 1);

        socket.Socket.Shutdown(SocketShutdown.Send);

        Assert.Equal(ErrorCode.None, ((FetchResponse)(await client.ReceiveAsync(ApiKey.Fetch, 12).WaitAsync(Patience, TestContext.Current.CancellationToken)).Body).Only().ErrorCode);
        Assert.True(await client.IsClosedAsync());
    }

    [Fact]
    public async Task What_came_before_a_frame_that_cannot_be_read_is_answered_before_the_connection_is_closed()
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders");
        await using var server = await Loopback.StartAsync(harness);
        await using var socket = await Loopback.ConnectAsync(server);
        var client = Loopback.ClientOf(harness, socket);
        await client.AskAsync<ProduceResponse>(Requests.Produce("orders", "opens"), 9);

        await socket.WriteAsync((byte[])[.. Frames(3, Batch(acks: -1)), .. UnknownApi], TestContext.Current.CancellationToken);
        await SoonAsync(() => harness.Connections.All.Single().Answers.Count == 3 && harness.Intake.Taken == 0);

        for (var request = 0; request < 3; request++)
        {
            Assert.Equal(request + 1, ((ProduceResponse)(await harness.PublishUntilAsync(client.ReceiveAsync(ApiKey.Produce, 9))).Body).Only().BaseOffset);
        }

        Assert.True(await client.IsClosedAsync());
    }

    // The second request waits for the first one's answer: nobody reads from the transport at that time.
    [Fact]
    public async Task A_client_that_is_gone_for_good_leaves_nothing_behind()
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders");
        var gate = new TaskCompletionSource();
        harness.Grains.Partitions.Gate = gate.Task;
        await using var server = await Loopback.StartAsync(harness);
        await using var socket = await Loopback.ConnectAsync(server);
        await socket.WriteAsync(Frames((Batch(acks: -1), 9), (Requests.Metadata("orders"), 9)), TestContext.Current.CancellationToken);
        await SoonAsync(() => harness.Intake.Taken > 0 && harness.Grains.Partitions.Openings == 1);

        socket.Socket.Close(0);

        await SoonAsync(() => harness.Connections.Count == 0 && harness.Intake.Taken == 0);
        gate.SetResult();
    }

    [Fact]
    public async Task A_connection_whose_last_answers_do_not_come_lives_as_long_as_a_silent_one()
    {
        await using var harness = new GatewayHarness(static options => options.MaxIdle = TimeSpan.FromSeconds(100));
        await using var server = await Loopback.StartAsync(harness);
        await using var socket = await NeverAnsweredAsync(harness, server);
        harness.Time.Advance(TimeSpan.FromSeconds(99));
        Assert.Equal(1, harness.Connections.Count);

        harness.Time.Advance(TimeSpan.FromSeconds(2));

        await SoonAsync(() => harness.Connections.Count == 0);
    }

    [Fact]
    public async Task A_drain_cuts_off_a_connection_whose_last_answers_do_not_come()
    {
        await using var harness = new GatewayHarness();
        await using var server = await Loopback.StartAsync(harness);
        await using var socket = await NeverAnsweredAsync(harness, server);

        await harness.Connections.DrainAsync(new CancellationToken(canceled: true));

        await SoonAsync(() => harness.Connections.Count == 0);
    }

    // Nothing becomes durable by itself, and the request's own time is never over.
    private static async Task<NetworkStream> NeverAnsweredAsync(GatewayHarness harness, WebApplication server)
    {
        harness.AddTopic("orders");
        var socket = await Loopback.ConnectAsync(server);
        await Loopback.ClientOf(harness, socket).AskAsync<ProduceResponse>(Requests.Produce("orders", "opens"), 9);
        var request = Batch(acks: -1);
        request.TimeoutMs = int.MaxValue;
        await socket.WriteAsync(Frames(1, request), TestContext.Current.CancellationToken);
        socket.Socket.Shutdown(SocketShutdown.Send);
        await InputEndedAsync(harness);

        // The client may have the first answer before the broker knows that it has left.
        await SoonAsync(() => harness.Connections.All.Single().Answers.Count == 1);
        return socket;
    }

    private static ProduceRequest Batch(short acks) => Requests.Produce("orders", 0, new BatchBuilder().Record("a").Build(), acks);

    private static OffsetCommitRequest Commit() => new()
    {
        GroupId = "g",
        GenerationIdOrMemberEpoch = 1,
        MemberId = "m",
        Topics = [new() { Name = "orders", Partitions = [new() { Index = 0, CommittedOffset = 7 }] }],
    };

    private static LeaveGroupRequest Leave() => new() { GroupId = "g", Members = [new() { MemberId = "m" }] };

    private static byte[] Frames(int count, ProduceRequest request) => Frames([.. Enumerable.Repeat(((IRequest)request, (short)9), count)]);

    private static byte[] Frames(params (IRequest Request, short Version)[] requests)
    {
        var frames = new List<byte>();
        foreach (var (request, version) in requests)
        {
            using var writer = new ProtocolWriter();
            RequestFrame.Write(writer, new RequestHeader(request.Api, version, frames.Count, "test"), request);
            frames.AddRange(writer.ToArray());
        }

        return [.. frames];
    }

    // The broker knows that no more comes, and is not done with the connection.
    private static Task InputEndedAsync(GatewayHarness harness) =>
        SoonAsync(() => harness.Connections.All.ToList() is [var connection] && connection.Ending.IsCancellationRequested);

    private static async Task ServedAsync(GatewayHarness harness) => await harness.PublishUntilAsync(Task.Run(async () =>
    {
        await SoonAsync(() => harness.Connections.Count == 0);
        return 0;
    }));

    private static Task SoonAsync(Func<bool> condition) => GatewayHarness.UntilAsync(condition).WaitAsync(Patience, TestContext.Current.CancellationToken);
}
