using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Framing;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Kafka.Protocol.Primitives;

namespace OrleansStream.Kafka.Gateway.Tests.Harness;

/// <summary>A client on the other end of a connection: writes requests, reads answers in the order in which they come.</summary>
internal sealed class TestClient(GatewayHarness harness, IDuplexPipe pipe, Task served)
{
    private int _lastCorrelation;

    public PipeWriter Output => pipe.Output;

    public PipeReader Input => pipe.Input;

    /// <summary>Completes when the broker is done with the connection.</summary>
    public Task Served => served;

    /// <summary>Sends a request; returns its correlation id.</summary>
    public async Task<int> SendAsync(IRequest request, short version, string? clientId = "test")
    {
        using var writer = new ProtocolWriter();
        var correlation = ++_lastCorrelation;
        RequestFrame.Write(writer, new RequestHeader(request.Api, version, correlation, clientId), request);
        await pipe.Output.WriteAsync(writer.ToArray());
        return correlation;
    }

    /// <summary>Sends bytes as they are.</summary>
    public async Task SendRawAsync(byte[] bytes) => await pipe.Output.WriteAsync(bytes);

    /// <summary>Sends a request and waits for its answer; meanwhile everything that was appended becomes durable.</summary>
    public async Task<TResponse> AskAsync<TResponse>(IRequest request, short version, string? clientId = "test")
        where TResponse : IResponse
    {
        var correlation = await SendAsync(request, version, clientId);
        var answer = await harness.PublishUntilAsync(ReceiveAsync(request.Api, version));
        Assert.Equal(correlation, answer.CorrelationId);
        return (TResponse)answer.Body;
    }

    /// <summary>The next answer.</summary>
    public async Task<ResponseFrame> ReceiveAsync(ApiKey api, short version) =>
        ResponseFrame.Read(await ReceiveRawAsync() ?? throw new InvalidOperationException("The connection was closed."), api, version);

    /// <summary>The next answer's bytes without its size; null when the broker has closed the connection.</summary>
    public async Task<byte[]?> ReceiveRawAsync()
    {
        if (await ReadAsync(sizeof(int)) is not { } size)
        {
            return null;
        }

        return await ReadAsync(BinaryPrimitives.ReadInt32BigEndian(size));
    }

    /// <summary>Whether the broker closed the connection without a further byte.</summary>
    public async Task<bool> IsClosedAsync() => await harness.PublishUntilAsync(ReceiveRawAsync()) is null;

    /// <summary>The client goes away.</summary>
    public async Task CloseAsync()
    {
        await pipe.Output.CompleteAsync();
        await pipe.Input.CompleteAsync();
    }

    private async Task<byte[]?> ReadAsync(int count)
    {
        while (true)
        {
            var read = await pipe.Input.ReadAsync();
            if (read.Buffer.Length >= count)
            {
                var bytes = read.Buffer.Slice(0, count).ToArray();
                pipe.Input.AdvanceTo(read.Buffer.GetPosition(count));
                return bytes;
            }

            pipe.Input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            if (read.IsCompleted)
            {
                return null;
            }
        }
    }
}
