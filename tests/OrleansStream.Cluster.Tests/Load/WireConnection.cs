using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using OrleansStream.Kafka.Protocol.Framing;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Kafka.Protocol.Primitives;

namespace OrleansStream.Cluster.Tests.Load;

/// <summary>One connection to one broker, one request at a time.</summary>
internal sealed class WireConnection : IDisposable
{
    private readonly TcpClient _client;
    private int _lastCorrelation;

    private WireConnection(TcpClient client) => _client = client;

    /// <summary>Null if nobody accepts within the limit.</summary>
    public static async Task<WireConnection?> TryOpenAsync(int port, TimeSpan limit)
    {
        var client = new TcpClient { NoDelay = true };
        try
        {
            using var ended = new CancellationTokenSource(limit);
            await client.ConnectAsync(IPAddress.Loopback, port, ended.Token);
            return new WireConnection(client);
        }
        catch (Exception failed) when (failed is SocketException or OperationCanceledException)
        {
            client.Dispose();
            return null;
        }
    }

    /// <summary>Null if no answer comes within the limit; the connection is then of no more use.</summary>
    public async Task<TResponse?> TryAskAsync<TResponse>(IRequest request, short version, TimeSpan limit)
        where TResponse : class, IResponse
    {
        using var writer = new ProtocolWriter();
        RequestFrame.Write(writer, new RequestHeader(request.Api, version, ++_lastCorrelation, "nemesis"), request);
        try
        {
            using var ended = new CancellationTokenSource(limit);
            var stream = _client.GetStream();
            await stream.WriteAsync(writer.ToArray(), ended.Token);
            var size = new byte[sizeof(int)];
            await stream.ReadExactlyAsync(size, ended.Token);
            var frame = new byte[BinaryPrimitives.ReadInt32BigEndian(size)];
            await stream.ReadExactlyAsync(frame, ended.Token);
            return ResponseFrame.Read(frame, request.Api, version).Body as TResponse;
        }
        catch (Exception failed) when (failed is IOException or OperationCanceledException or InvalidOperationException)
        {
            return null;
        }
    }

    public void Dispose() => _client.Dispose();
}
