using OrleansStream.Kafka.Protocol.Primitives;
using OrleansStream.Log.Blocks;

namespace OrleansStream.Kafka.Gateway.Connections;

/// <summary>
/// Record batches of one partition in an answer: they stay in their blocks, under leases, until the connection has sent them. Disposing gives the
/// leases and the charge of the response budget back; that is done once the bytes are with the kernel, or when the connection is gone.
/// </summary>
internal sealed class LeasedRecords(FrameList frames, ResponseBudget budget, long charge) : RecordsPayload, IDisposable
{
    private FrameList? _frames = frames;

    public override int Length { get; } = (int)frames.Bytes;

    /// <summary>Bytes of the response budget that it holds until it is disposed.</summary>
    public long Charge => charge;

    public FrameList Frames => _frames ?? throw new ObjectDisposedException(nameof(LeasedRecords));

    public override void CopyTo(Span<byte> destination)
    {
        for (var index = 0; index < Frames.Count;)
        {
            var bytes = Frames.Stretch(index, out index).Span;
            bytes.CopyTo(destination);
            destination = destination[bytes.Length..];
        }
    }

    /// <summary>Safe to call twice, from one thread at a time.</summary>
    public void Dispose()
    {
        if (_frames is { } held)
        {
            _frames = null;
            held.Dispose();
            budget.Return(charge);
        }
    }
}
