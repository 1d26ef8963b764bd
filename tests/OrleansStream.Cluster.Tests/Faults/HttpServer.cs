using System.Collections.Concurrent;
using System.Net;
using OrleansStream.Testing.Brokers;

namespace OrleansStream.Cluster.Tests.Faults;

/// <summary>Answers every request with "ok" and keeps the bodies.</summary>
internal sealed class HttpServer : IAsyncDisposable
{
    private readonly HttpListener _listener = new();
    private readonly Task _loop;

    public HttpServer()
    {
        _listener.Prefixes.Add($"http://127.0.0.1:{Port}/");
        _listener.Start();
        _loop = Task.Run(ServeAsync);
    }

    public int Port { get; } = FreePorts.Take();

    public ConcurrentQueue<string> Bodies { get; } = new();

    public async ValueTask DisposeAsync()
    {
        _listener.Close();
        await _loop;
    }

    private async Task ServeAsync()
    {
        while (_listener.IsListening)
        {
            try
            {
                var context = await _listener.GetContextAsync();
                using var body = new StreamReader(context.Request.InputStream);
                var text = await body.ReadToEndAsync();
                Bodies.Enqueue(text);
                context.Response.Close("ok"u8.ToArray(), willBlock: false);
            }
            catch (Exception ended) when (ended is HttpListenerException or ObjectDisposedException or IOException)
            {
                // The client has gone, or the test is over.
            }
        }
    }
}
