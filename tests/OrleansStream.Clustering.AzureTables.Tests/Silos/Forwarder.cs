using System.Net;
using System.Net.Sockets;

namespace OrleansStream.Clustering.AzureTables.Tests.Silos;

/// <summary>A free port on loopback whose connections lead to another port, until they are cut: then nothing passes and nobody can connect.</summary>
internal sealed class Forwarder : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _cut = new();
    private readonly int _target;

    public Forwarder(int target)
    {
        _target = target;
        _listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public void Cut()
    {
        _cut.Cancel();
        _listener.Stop();
    }

    public void Dispose()
    {
        Cut();
        _listener.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _ = ForwardAsync(await _listener.AcceptTcpClientAsync(_cut.Token));
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Cut.
        }
    }

    private async Task ForwardAsync(TcpClient from)
    {
        using var source = from;
        using var target = new TcpClient();
        try
        {
            await target.ConnectAsync(IPAddress.Loopback, _target, _cut.Token);
            await Task.WhenAny(
                source.GetStream().CopyToAsync(target.GetStream(), _cut.Token),
                target.GetStream().CopyToAsync(source.GetStream(), _cut.Token));
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or IOException)
        {
            // One of the three ends has gone; the others go with it.
        }
    }
}
