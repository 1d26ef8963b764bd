using System.Net;
using System.Net.Sockets;

namespace OrleansStream.Testing.Proxies;

/// <summary>Listens on a loopback port of its own and passes every connection on to another one, over a <see cref="Link"/> that may be at fault.</summary>
public sealed class TcpProxy : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _stop = new();
    private readonly IPEndPoint _target;
    private readonly Func<IPEndPoint, Link> _linkOf;
    private readonly Action<RequestHead>? _onRequest;
    private readonly Task _loop;

    /// <param name="targetPort">Where connections go, on loopback.</param>
    /// <param name="linkOf">The link of a connection, by where it comes from.</param>
    /// <param name="onRequest">Set for HTTP: hears of each request. Without it bytes are just bytes, and <see cref="LinkFault.Answer"/> does nothing.</param>
    public TcpProxy(int targetPort, Func<IPEndPoint, Link> linkOf, Action<RequestHead>? onRequest = null)
    {
        (_target, _linkOf, _onRequest) = (new IPEndPoint(IPAddress.Loopback, targetPort), linkOf, onRequest);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
        _loop = Task.Run(AcceptAsync);
    }

    /// <summary>Where to connect.</summary>
    public int Port { get; }

    /// <summary>Resets what is open and listens no more.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _loop;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var open = new List<Task>();
        try
        {
            while (true)
            {
                var client = await _listener.AcceptAsync(_stop.Token);
                open.RemoveAll(task => task.IsCompleted);
                open.Add(ServeAsync(client));
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Told to stop.
        }
        await Task.WhenAll(open);
    }

    private async Task ServeAsync(Socket client)
    {
        // Finding a peer reads files; the next connection need not wait for that.
        await Task.Yield();
        var link = client.RemoteEndPoint is IPEndPoint from ? _linkOf(from) : null;
        if (link is null)
        {
            client.Dispose();
            return;
        }
        using var connection = new ProxiedConnection(client, link, _onRequest);
        await connection.RunAsync(_target, _stop.Token);
    }
}
