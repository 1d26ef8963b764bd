using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using OrleansStream.Testing.Proxies;

namespace OrleansStream.Cluster.Tests.Faults;

public sealed class TcpProxyTests : IAsyncDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly EchoServer _server = new();
    private readonly Link _link;
    private readonly TcpProxy _proxy;

    public TcpProxyTests()
    {
        _link = new Link("test", _time);
        _proxy = new TcpProxy(_server.Port, _ => _link);
    }

    public async ValueTask DisposeAsync()
    {
        await _proxy.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Without_a_fault_bytes_pass_both_ways()
    {
        using var client = await ConnectAsync();

        await SendAsync(client, "hello");

        Assert.Equal("hello", await ReceiveAsync(client, 5));
    }

    [Fact]
    public async Task The_end_of_one_side_reaches_the_other()
    {
        using var client = await ConnectAsync();
        await SendAsync(client, "x");
        await ReceiveAsync(client, 1);
        var stream = client.GetStream();

        client.Client.Shutdown(SocketShutdown.Send);

        // The server ends too when nothing more comes.
        Assert.Equal(0, await stream.ReadAsync(new byte[1]).AsTask().WaitAsync(TestLimits.Answer));
    }

    [Fact]
    public async Task A_delay_holds_each_byte_for_its_time_in_each_direction()
    {
        using var client = await ConnectAsync();
        await SendAsync(client, "a");
        await ReceiveAsync(client, 1);
        _link.Apply(new LinkFault.Delay(TimeSpan.FromSeconds(2)));

        await SendAsync(client, "b");
        var answer = ReceiveAsync(client, 1);
        await SilentAsync(answer);
        Assert.Single(_server.Received);
        await AdvanceUntilAsync(_server.ReceivedAsync(2));
        await SilentAsync(answer);
        await AdvanceUntilAsync(answer);

        Assert.Equal("b", await answer);
    }

    [Fact]
    public async Task Held_bytes_arrive_in_order_when_the_fault_is_over()
    {
        using var client = await ConnectAsync();
        _link.Apply(new LinkFault.Hold());

        await SendAsync(client, "one");
        await SendAsync(client, "two");
        var answer = ReceiveAsync(client, 6);
        await SilentAsync(answer);
        _link.Apply(null);

        Assert.Equal("onetwo", await answer);
    }

    [Fact]
    public async Task A_held_connection_ends_for_the_other_side_only_when_the_fault_is_over()
    {
        using var client = await ConnectAsync();
        await SendAsync(client, "x");
        await ReceiveAsync(client, 1);
        _link.Apply(new LinkFault.Hold());
        await SendAsync(client, "y");

        client.Close();
        await Task.Delay(TestLimits.Silence);
        Assert.Equal(1, _link.Connections);
        _link.Apply(null);

        await _server.ReceivedAsync(2);
        Assert.Equal("xy", Encoding.ASCII.GetString(_server.Received));
    }

    [Fact]
    public async Task A_cut_resets_what_is_open_and_what_is_opened()
    {
        using var open = await ConnectAsync();
        await SendAsync(open, "x");
        await ReceiveAsync(open, 1);

        _link.Apply(new LinkFault.Cut());

        await ResetAsync(open);
        await ResetWhileConnectingAsync();
        _link.Apply(null);
        using var later = await ConnectAsync();
        await SendAsync(later, "z");
        Assert.Equal("z", await ReceiveAsync(later, 1));
    }

    [Fact]
    public async Task What_was_held_is_lost_when_the_link_is_cut()
    {
        using var client = await ConnectAsync();
        _link.Apply(new LinkFault.Hold());
        await SendAsync(client, "x");
        await Task.Delay(TestLimits.Silence);

        _link.Apply(new LinkFault.Cut());
        await ResetAsync(client);
        _link.Apply(null);

        using var later = await ConnectAsync();
        await SendAsync(later, "z");
        await ReceiveAsync(later, 1);
        Assert.Equal("z", Encoding.ASCII.GetString(_server.Received));
    }

    [Fact]
    public async Task A_slow_link_lets_so_many_bytes_a_second_through()
    {
        using var client = await ConnectAsync();
        _link.Apply(new LinkFault.Slow(BytesPerSecond: 10));

        await SendAsync(client, "0123456789");
        await SilentAsync(_server.ReceivedAsync(1));
        _time.Advance(TimeSpan.FromSeconds(0.9));
        await SilentAsync(_server.ReceivedAsync(1));
        await AdvanceUntilAsync(_server.ReceivedAsync(10));
    }

    [Fact]
    public async Task Links_of_different_peers_fail_apart()
    {
        var (sick, well) = (new Link("sick"), new Link("well"));
        sick.Apply(new LinkFault.Hold());
        using var first = new TcpClient();
        var firstPort = 0;
        await using var proxy = new TcpProxy(_server.Port, from => from.Port == Volatile.Read(ref firstPort) ? sick : well);
        first.Client.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Volatile.Write(ref firstPort, ((IPEndPoint)first.Client.LocalEndPoint!).Port);
        await first.ConnectAsync(IPAddress.Loopback, proxy.Port);
        using var second = new TcpClient();
        await second.ConnectAsync(IPAddress.Loopback, proxy.Port);

        await SendAsync(first, "held");
        await SendAsync(second, "goes");

        Assert.Equal("goes", await ReceiveAsync(second, 4));
        await SilentAsync(ReceiveAsync(first, 4));
    }

    [Fact]
    public async Task The_process_at_the_other_end_is_found_by_its_socket()
    {
        using var client = await ConnectAsync();
        var end = (IPEndPoint)client.Client.LocalEndPoint!;

        Assert.Equal(Environment.ProcessId, LoopbackPeers.ProcessOf(end, [1, Environment.ProcessId]));
        Assert.Null(LoopbackPeers.ProcessOf(end, []));
    }

    private static async Task SendAsync(TcpClient client, string text) => await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(text));

    private static async Task<string> ReceiveAsync(TcpClient client, int count)
    {
        var bytes = new byte[count];
        await client.GetStream().ReadExactlyAsync(bytes).AsTask().WaitAsync(TestLimits.Answer);
        return Encoding.ASCII.GetString(bytes);
    }

    // That nothing comes can only be seen by waiting for it.
    private static async Task SilentAsync(Task task)
    {
        await Task.WhenAny(task, Task.Delay(TestLimits.Silence));
        Assert.False(task.IsCompleted);
    }

    private static async Task ResetAsync(TcpClient client)
    {
        var failed = await Assert.ThrowsAnyAsync<IOException>(async () => await client.GetStream().ReadExactlyAsync(new byte[1]).AsTask().WaitAsync(TestLimits.Answer));
        Assert.Equal(SocketError.ConnectionReset, Assert.IsType<SocketException>(failed.InnerException).SocketErrorCode);
    }

    // The reset may come before the client knows that it is connected, or after.
    private async Task ResetWhileConnectingAsync()
    {
        try
        {
            using var client = await ConnectAsync();
            await ResetAsync(client);
        }
        catch (SocketException failed)
        {
            Assert.Equal(SocketError.ConnectionReset, failed.SocketErrorCode);
        }
    }

    private async Task<TcpClient> ConnectAsync()
    {
        var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync(IPAddress.Loopback, _proxy.Port);
        return client;
    }

    // The proxy may only be about to wait: time goes on until it has.
    private async Task AdvanceUntilAsync(Task task)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (!task.IsCompleted && TimeProvider.System.GetElapsedTime(start) < TestLimits.Answer)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(task, Task.Delay(10));
        }
        await task;
    }
}
