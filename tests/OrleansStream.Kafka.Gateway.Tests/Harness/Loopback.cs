using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OrleansStream.Kafka.Gateway.Connections;
using OrleansStream.Kafka.Gateway.Hosting;

namespace OrleansStream.Kafka.Gateway.Tests.Harness;

/// <summary>The gateway of a harness behind Kestrel and real sockets.</summary>
internal static class Loopback
{
    public static async Task<WebApplication> StartAsync(GatewayHarness harness)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddKafkaGateway();
        builder.Services.AddSingleton(harness.Provider.GetRequiredService<KafkaConnectionHandler>());
        builder.WebHost.ConfigureKestrel(static kestrel => kestrel.Listen(IPAddress.Loopback, 0, static listen => listen.UseKafka("PLAINTEXT")));
        var server = builder.Build();
        await server.StartAsync(TestContext.Current.CancellationToken);
        return server;
    }

    public static async Task<NetworkStream> ConnectAsync(WebApplication server)
    {
        var address = new Uri(server.Urls.Single());
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, address.Port);
        return new NetworkStream(socket, ownsSocket: true);
    }

    public static TestClient ClientOf(GatewayHarness harness, NetworkStream socket) => new(harness, new SocketPipe(socket), Task.CompletedTask);

    private sealed class SocketPipe(NetworkStream stream) : IDuplexPipe
    {
        public PipeReader Input { get; } = PipeReader.Create(stream, new StreamPipeReaderOptions(leaveOpen: true));

        public PipeWriter Output { get; } = PipeWriter.Create(stream, new StreamPipeWriterOptions(leaveOpen: true));
    }
}
