using System.Net;
using System.Net.Sockets;

namespace OrleansStream.Cluster.Tests.Faults;

/// <summary>The far end of a proxy: sends back what it gets, connection by connection, and remembers it.</summary>
internal sealed class EchoServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly MemoryStream _received = new();
    private readonly Task _loop;
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public EchoServer()
    {
        _listener.Start();
        _loop = Task.Run(AcceptAsync);
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public byte[] Received
    {
        get
        {
            lock (_received) return _received.ToArray();
        }
    }

    /// <summary>Waits until it has got so many bytes in all.</summary>
    public async Task ReceivedAsync(int bytes)
    {
        while (true)
        {
            Task more;
            lock (_received)
            {
                if (_received.Length >= bytes) return;
                more = _more.Task;
            }
            await more.WaitAsync(TestLimits.Answer);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _loop;
    }

    private async Task AcceptAsync()
    {
        var open = new List<Task>();
        try
        {
            while (true) open.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
        await Task.WhenAll(open);
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var _ = client;
        var buffer = new byte[4096];
        try
        {
            while (await client.GetStream().ReadAsync(buffer, _stop.Token) is > 0 and var count)
            {
                var bytes = buffer[..count];
                lock (_received)
                {
                    _received.Write(bytes);
                    _more.TrySetResult();
                    _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
                }
                await client.GetStream().WriteAsync(bytes, _stop.Token);
            }
        }
        catch (Exception ended) when (ended is IOException or OperationCanceledException)
        {
            // Cut, or the test is over.
        }
    }
}
