using System.Buffers.Binary;
using System.Net.Sockets;

namespace OrleansStream.Interop.Tests.BadInput;

/// <summary>A bare socket to the broker: it sends what no client library would.</summary>
internal sealed class RawConnection : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);
    private readonly TcpClient _client = new();
    private NetworkStream? _stream;
    private int _correlation;

    public static async Task<RawConnection> OpenAsync(string bootstrap)
    {
        var connection = new RawConnection();
        var colon = bootstrap.LastIndexOf(':');
        await connection._client.ConnectAsync(bootstrap[..colon], int.Parse(bootstrap[(colon + 1)..]));
        connection._stream = connection._client.GetStream();
        return connection;
    }

    /// <summary>A request with header version 1.</summary>
    public async Task<WireReader> AskAsync(int apiKey, int version, Action<WireWriter> body)
    {
        await SendAsync(Frame(apiKey, version, body));
        var answer = await ReceiveAsync() ?? throw new InvalidOperationException($"The broker closed the connection instead of answering API {apiKey}, version {version}.");
        var reader = new WireReader(answer);
        Assert.Equal(_correlation, reader.Int32());
        return reader;
    }

    /// <summary>The bytes of a request, size included.</summary>
    public byte[] Frame(int apiKey, int version, Action<WireWriter> body)
    {
        var request = new WireWriter().Int16(apiKey).Int16(version).Int32(++_correlation).Text("raw");
        body(request);
        return new WireWriter().Bytes(request.ToArray()).ToArray();
    }

    public async Task SendAsync(byte[] bytes)
    {
        using var limit = new CancellationTokenSource(Limit);
        await _stream!.WriteAsync(bytes, limit.Token);
    }

    /// <summary>No more bytes come from this side; answers still do.</summary>
    public void FinishSending() => _client.Client.Shutdown(SocketShutdown.Send);

    /// <summary>The next answer without its size; null if the broker has closed the connection. Fails if neither comes.</summary>
    public async Task<byte[]?> ReceiveAsync()
    {
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            var size = new byte[4];
            await _stream!.ReadExactlyAsync(size, limit.Token);
            var answer = new byte[BinaryPrimitives.ReadInt32BigEndian(size)];
            await _stream!.ReadExactlyAsync(answer, limit.Token);
            return answer;
        }
        catch (Exception closed) when (closed is IOException or EndOfStreamException)
        {
            return null;
        }
    }

    public void Dispose() => _client.Dispose();
}
