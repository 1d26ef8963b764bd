using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OrleansStream.Kafka.Gateway.Connections;
using OrleansStream.Kafka.Gateway.Tests.Harness;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Testing.Records;

namespace OrleansStream.Kafka.Gateway.Tests.Connections;

/// <summary>The same gateway behind Kestrel and real sockets: what pipes in memory cannot show.</summary>
public class LoopbackTests
{
    [Fact]
    public async Task Large_batches_go_in_and_come_out_unchanged_over_a_socket()
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders");
        await using var server = await Loopback.StartAsync(harness);
        await using var socket = await Loopback.ConnectAsync(server);
        var client = Loopback.ClientOf(harness, socket);
        var values = Enumerable.Range(0, 12).Select(index => new string((char)('a' + index), index % 2 == 0 ? 900_000 : 100)).ToList();
        foreach (var value in values)
        {
            Assert.Equal(ErrorCode.None, (await client.AskAsync<ProduceResponse>(Requests.Produce("orders", value), 9)).Only().ErrorCode);
        }

        var answer = (await client.AskAsync<FetchResponse>(Requests.Fetch("orders", 0, partitionMaxBytes: 50_000_000), 12)).Only();

        var records = answer.Records.Bytes();
        Assert.Equal(Enumerable.Range(0, 12).Select(index => (long)index), Handlers.FetchTests.BaseOffsets(records));
        var at = 0;
        foreach (var value in values)
        {
            var sent = new BatchBuilder().Record(value).Build();
            Assert.True(sent.AsSpan(16).SequenceEqual(records.AsSpan(at + 16, sent.Length - 16)));
            at += sent.Length;
        }
    }

    [Fact]
    public async Task A_thousand_overlapping_produces_are_answered_in_order_over_a_socket()
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders");
        await using var server = await Loopback.StartAsync(harness);
        await using var socket = await Loopback.ConnectAsync(server);
        var client = Loopback.ClientOf(harness, socket);
        var batch = new BatchBuilder().Record("a").Build();
        var sending = Task.Run(async () =>
        {
            for (var request = 0; request < 1000; request++)
            {
                await client.SendAsync(Requests.Produce("orders", 0, batch), 9);
            }
        }, TestContext.Current.CancellationToken);

        for (var request = 0; request < 1000; request++)
        {
            var answer = await harness.PublishUntilAsync(client.ReceiveAsync(Kafka.Protocol.Apis.ApiKey.Produce, 9));
            Assert.Equal(request + 1, answer.CorrelationId);
            Assert.Equal(request, ((ProduceResponse)answer.Body).Only().BaseOffset);
        }

        await sending;
    }

    [Fact]
    public async Task A_peer_that_vanishes_in_the_middle_of_a_large_answer_leaves_nothing_behind()
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders");
        await using var server = await Loopback.StartAsync(harness);
        var socket = await Loopback.ConnectAsync(server);
        socket.Socket.ReceiveBufferSize = 4096;
        var client = Loopback.ClientOf(harness, socket);
        for (var batch = 0; batch < 40; batch++)
        {
            await client.AskAsync<ProduceResponse>(Requests.Produce("orders", new string('x', 900_000)), 9);
        }

        await client.SendAsync(Requests.Fetch("orders", 0, partitionMaxBytes: 50_000_000), 12);
        await GatewayHarness.UntilAsync(() => harness.Responses.Taken > 0);
        socket.Socket.Close(0);
        await socket.DisposeAsync();

        await GatewayHarness.UntilAsync(() => harness.Connections.Count == 0);
        Assert.Equal(0, harness.Responses.Taken);
    }

    [Fact]
    public async Task The_transport_uses_our_large_segments()
    {
        await using var harness = new GatewayHarness();
        var transport = harness.Provider.GetRequiredService<IOptions<SocketTransportOptions>>().Value;
        using var pool = harness.Provider.GetRequiredService<IMemoryPoolFactory<byte>>().Create();
        using var segment = pool.Rent(2048);

        Assert.Equal(SegmentPool.SegmentBytes, segment.Memory.Length);
        Assert.Equal(2 * SegmentPool.SegmentBytes, transport.MaxReadBufferSize);
    }
}
