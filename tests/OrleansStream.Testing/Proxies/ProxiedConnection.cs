using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading.Channels;

namespace OrleansStream.Testing.Proxies;

/// <summary>One connection through a proxy: two sockets, and a pump in each direction.</summary>
internal sealed class ProxiedConnection : IDisposable
{
    private const int PieceBytes = 16 * 1024;

    // What is on its way in one direction: at the bound the sender's socket is not read, as where a network is full.
    private const int PiecesOnTheirWay = 256;

    private static readonly byte[] Continue = "HTTP/1.1 100"u8.ToArray();

    private readonly Socket _client;
    private readonly Socket _server = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly Link _link;
    private readonly RequestScanner? _requests;
    private readonly CancellationTokenSource _stop = new();

    // Set while the request under way gets an answer that the server did not give.
    private volatile LinkFault.Answer? _answer;

    // Such an answer was given: nothing goes on, but the client may still be reading it.
    private volatile bool _isAnswered;

    public ProxiedConnection(Socket client, Link link, Action<RequestHead>? onRequest)
    {
        (_client, _link) = (client, link);
        _client.NoDelay = true;
        _requests = onRequest is null ? null : new RequestScanner(onRequest);
    }

    /// <summary>Carries bytes until both sides have ended, one of them has failed, or the link is cut.</summary>
    public async Task RunAsync(IPEndPoint target, CancellationToken cancellationToken)
    {
        using var stopped = cancellationToken.Register(Reset);
        if (!_link.TryJoin(this))
        {
            Reset();
            return;
        }
        try
        {
            await _server.ConnectAsync(target, _stop.Token);
            await Task.WhenAll(PumpAsync(_client, _server, AskAsync), PumpAsync(_server, _client, AnswerAsync));
        }
        catch (Exception ended) when (ended is SocketException or OperationCanceledException or ObjectDisposedException or InvalidDataException)
        {
            // What one side did to its end is done to the other.
            Reset();
        }
        finally
        {
            _link.Leave(this);
        }
    }

    /// <summary>Ends both sides as a crash does: the peers' next call fails.</summary>
    public void Reset()
    {
        _stop.Cancel();
        Abort(_client);
        Abort(_server);
    }

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
    }

    private static void Abort(Socket socket)
    {
        try
        {
            socket.LingerState = new LingerOption(enable: true, seconds: 0);
        }
        catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
        {
            // It has gone already.
        }
        socket.Dispose();
    }

    // Reading goes on while earlier pieces wait for their time: a delay is not a narrow pipe.
    private async Task PumpAsync(Socket from, Socket to, Func<Piece, ValueTask<bool>> look)
    {
        var onTheWay = Channel.CreateBounded<Piece>(PiecesOnTheirWay);
        var writing = WriteAsync(onTheWay.Reader, to);
        try
        {
            while (true)
            {
                var buffer = new byte[PieceBytes];
                var count = await from.ReceiveAsync(buffer, _stop.Token);
                if (count == 0) break;
                var piece = new Piece(buffer.AsMemory(0, count), _link.Now());
                if (await look(piece)) await onTheWay.Writer.WriteAsync(piece, _stop.Token);
            }
            onTheWay.Writer.Complete();
        }
        catch (Exception failed) when (failed is SocketException or ObjectDisposedException)
        {
            // An end is news too: over a link that holds everything it arrives later, like the bytes before it.
            await _link.PassAsync(0, _link.Now(), _stop.Token);
            if (!_isAnswered) Reset();
        }
        finally
        {
            onTheWay.Writer.TryComplete();
        }
        await writing;
    }

    private async Task WriteAsync(ChannelReader<Piece> pieces, Socket to)
    {
        try
        {
            await foreach (var piece in pieces.ReadAllAsync(_stop.Token))
            {
                await _link.PassAsync(piece.Bytes.Length, piece.Arrived, _stop.Token);
                for (var left = piece.Bytes; !left.IsEmpty;) left = left[await to.SendAsync(left, _stop.Token)..];
            }
            await _link.PassAsync(0, _link.Now(), _stop.Token);
            to.Shutdown(SocketShutdown.Send);
        }
        catch (Exception failed) when (failed is SocketException or ObjectDisposedException)
        {
            if (!_isAnswered) Reset();
        }
    }

    // Bytes of a client. False if the server must not have them.
    private async ValueTask<bool> AskAsync(Piece piece)
    {
        if (_requests is null) return true;
        if (_isAnswered) return false;
        if (_requests.IsBetweenRequests) _answer = _link.NextRequest();
        _requests.Advance(piece.Bytes.Span);
        if (_answer is not { Applied: false } refusal) return true;
        if (_requests.IsBetweenRequests || _requests.WaitsForLeave) await EndWithAsync(refusal);
        return false;
    }

    // Bytes of the server. False if the client must not have them.
    private async ValueTask<bool> AnswerAsync(Piece piece)
    {
        // Leave to send the body is not the answer yet.
        if (_answer is not { Applied: true } lost || piece.Bytes.Span.StartsWith(Continue)) return true;
        await EndWithAsync(lost);
        return false;
    }

    private async Task EndWithAsync(LinkFault.Answer answer)
    {
        _isAnswered = true;
        var (code, reason) = answer.Status == 503 ? ("ServerBusy", "Service Unavailable") : ("InternalError", "Internal Server Error");
        var text = $"HTTP/1.1 {answer.Status} {reason}\r\nx-ms-error-code: {code}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        await _client.SendAsync(Encoding.ASCII.GetBytes(text), _stop.Token);
        _client.Shutdown(SocketShutdown.Send);

        // Whatever else the client sends is of no interest, and the server hears no more of it.
        Abort(_server);
    }

    private readonly record struct Piece(Memory<byte> Bytes, long Arrived);
}
