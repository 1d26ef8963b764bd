using System.IO.Pipelines;

namespace OrleansStream.Kafka.Gateway.Connections;

/// <summary>Sends through the transport's pipe, for transports that have no socket of their own: the bytes are copied.</summary>
internal sealed class PipeOutput(PipeWriter output, ConnectionActivity activity) : AnswerOutput(activity)
{
    public override void Abort() => output.CancelPendingFlush();

    protected override async ValueTask SendAsync(ReadOnlyMemory<byte> bytes)
    {
        var flushed = await output.WriteAsync(bytes);
        if (flushed.IsCompleted || flushed.IsCanceled)
        {
            throw new IOException("The peer reads no more.");
        }
    }
}
