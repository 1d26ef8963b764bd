using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;

namespace OrleansStream.Kafka.Gateway.Connections;

/// <summary>Cuts what a connection receives into frames. One reader at a time.</summary>
internal sealed class FrameReader(PipeReader input, IntakeBudget budget, int maxBytes, ConnectionActivity activity)
{
    private const int SizeBytes = sizeof(int);

    /// <summary>
    /// The next request; null when the peer has closed between two requests, or <see cref="Stop"/> was called. Its bytes are taken from the intake budget
    /// before anything of it is read, so that a full broker leaves them in the socket.
    /// </summary>
    /// <exception cref="ProtocolViolationException">The size is negative, zero or above the limit, or the peer closed in the middle of a frame.</exception>
    public async ValueTask<Frame?> ReadAsync(CancellationToken cancellationToken)
    {
        activity.Enter(ConnectionPhase.Idle);
        var size = await ReadSizeAsync(cancellationToken);
        if (size < 0)
        {
            return null;
        }

        activity.Enter(ConnectionPhase.Waiting);
        await budget.TakeAsync(size, cancellationToken);
        var buffer = ArrayPool<byte>.Shared.Rent(size);
        var frame = new Frame(buffer, size, budget);
        var whole = false;
        try
        {
            activity.Enter(ConnectionPhase.Intake);
            await FillAsync(buffer.AsMemory(0, size), cancellationToken);
            activity.Enter(ConnectionPhase.Waiting);
            whole = true;
            return frame;
        }
        finally
        {
            if (!whole)
            {
                frame.Release();
            }
        }
    }

    /// <summary>Ends a read that waits for the next request; one that has begun is read to its end.</summary>
    public void Stop() => input.CancelPendingRead();

    private async ValueTask<int> ReadSizeAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (!input.TryRead(out var read))
            {
                read = await input.ReadAsync(cancellationToken);
            }

            if (TryCutSize(read.Buffer, out var size))
            {
                input.AdvanceTo(read.Buffer.GetPosition(SizeBytes));
                return size > 0 && size <= maxBytes ? size : throw new ProtocolViolationException($"A frame of {size} bytes; 1 to {maxBytes} are allowed.");
            }

            if (read.IsCanceled || read.IsCompleted)
            {
                var torn = read.IsCompleted && !read.Buffer.IsEmpty;
                input.AdvanceTo(read.Buffer.Start);
                return torn ? throw new ProtocolViolationException("The peer closed in the middle of a frame's size.") : -1;
            }

            input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    private async ValueTask FillAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        while (!destination.IsEmpty)
        {
            if (!input.TryRead(out var read))
            {
                read = await input.ReadAsync(cancellationToken);
            }

            var taken = (int)Math.Min(read.Buffer.Length, destination.Length);
            var slice = read.Buffer.Slice(0, taken);
            slice.CopyTo(destination.Span);
            destination = destination[taken..];
            input.AdvanceTo(slice.End);
            activity.Progressed();
            if (read.IsCompleted && !destination.IsEmpty && taken == 0)
            {
                throw new ProtocolViolationException("The peer closed in the middle of a frame.");
            }
        }
    }

    private static bool TryCutSize(in ReadOnlySequence<byte> buffer, out int size)
    {
        if (buffer.FirstSpan.Length >= SizeBytes)
        {
            size = BinaryPrimitives.ReadInt32BigEndian(buffer.FirstSpan);
            return true;
        }

        size = 0;
        if (buffer.Length < SizeBytes)
        {
            return false;
        }

        Span<byte> bytes = stackalloc byte[SizeBytes];
        buffer.Slice(0, SizeBytes).CopyTo(bytes);
        size = BinaryPrimitives.ReadInt32BigEndian(bytes);
        return true;
    }
}
