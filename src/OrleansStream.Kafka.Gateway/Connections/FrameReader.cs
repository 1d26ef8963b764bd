using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using OrleansStream.Model;

namespace OrleansStream.Kafka.Gateway.Connections;

/// <summary>Cuts what a connection receives into frames. One reader at a time.</summary>
/// <remarks>
/// A size is only a promise. Nothing is taken from the budget, and nothing allocated, before the whole frame or a good part of it lies in the transport;
/// from there on memory is a small multiple of what came. Frames of ordinary size are still copied once, into a buffer of their own size.
/// </remarks>
internal sealed class FrameReader(PipeReader input, IntakeBudget budget, int maxBytes, ConnectionActivity activity)
{
    /// <summary>Bytes of a larger frame that lie in the transport before any are taken: one of its segments, outside the intake budget.</summary>
    internal const int FirstBytes = SegmentPool.SegmentBytes;

    /// <summary>Up to this size a frame is taken whole: a mebibyte of records, what the usual clients send at the most, and what stands around it.</summary>
    internal const int WholeBytes = Limits.MiB + (64 * Limits.KiB);

    // A larger frame has its next buffer when the last one is full. What is copied again is a third of the frame.
    private const int Growth = 4;

    private const int SizeBytes = sizeof(int);

    /// <summary>
    /// The next request; null when the peer has closed between two requests, or <see cref="Stop"/> was called. Its bytes are taken from the intake budget
    /// before they are copied out of the transport, so that a full broker leaves them in the socket.
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
        if (size > WholeBytes)
        {
            return await ReadInPiecesAsync(size, cancellationToken);
        }

        await budget.TakeAsync(size, cancellationToken);
        var buffer = ArrayPool<byte>.Shared.Rent(size);
        var frame = new Frame(buffer, size, budget);
        var whole = false;
        try
        {
            activity.Enter(ConnectionPhase.Intake);
            activity.Holds(size);
            await FillAsync(buffer.AsMemory(0, size), 0, cancellationToken);
            activity.Enter(ConnectionPhase.Waiting);
            whole = true;
            return frame;
        }
        finally
        {
            activity.Holds(0);
            if (!whole)
            {
                frame.Release();
            }
        }
    }

    /// <summary>Ends a read that waits for the next request; one that has begun is read to its end.</summary>
    public void Stop() => input.CancelPendingRead();

    private async ValueTask<Frame> ReadInPiecesAsync(int size, CancellationToken cancellationToken)
    {
        var claim = new IntakeClaim(budget.ChargeFor(size));
        byte[] buffer = [];
        var filled = 0;
        try
        {
            while (filled < size)
            {
                var room = (int)Math.Min(size, Math.Max(WholeBytes, (long)filled * Growth));
                await budget.GrowAsync(claim, room, cancellationToken);
                Enlarge(ref buffer, filled, room);
                activity.Enter(ConnectionPhase.Intake);
                activity.Holds(claim.Held);
                await FillAsync(buffer.AsMemory(filled, room - filled), filled, cancellationToken);
                activity.Enter(ConnectionPhase.Waiting);
                filled = room;
            }

            return new Frame(buffer, size, budget);
        }
        catch (Exception)
        {
            Enlarge(ref buffer, 0, 0);
            budget.Abandon(claim);
            throw;
        }
        finally
        {
            activity.Holds(0);
        }
    }

    // Room zero gives the buffer back.
    private static void Enlarge(ref byte[] buffer, int filled, int room)
    {
        var larger = room > 0 ? ArrayPool<byte>.Shared.Rent(room) : [];
        buffer.AsSpan(0, filled).CopyTo(larger);
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        buffer = larger;
    }

    // Returns when the frame, or enough of it, lies behind its size in the transport.
    private async ValueTask<int> ReadSizeAsync(CancellationToken cancellationToken)
    {
        var hasBegun = false;
        while (true)
        {
            if (!input.TryRead(out var read))
            {
                read = await input.ReadAsync(cancellationToken);
            }

            if (TryCutSize(read.Buffer, out var size))
            {
                var came = read.Buffer.Length - SizeBytes;
                if (size <= 0 || size > maxBytes || came >= Math.Min(size, FirstBytes))
                {
                    input.AdvanceTo(read.Buffer.GetPosition(SizeBytes));
                    return size > 0 && size <= maxBytes ? size : throw new ProtocolViolationException($"A frame of {size} bytes; 1 to {maxBytes} are allowed.");
                }

                NoteCome(came, ref hasBegun);
            }
            else if (read.IsCanceled || read.IsCompleted)
            {
                var torn = read.IsCompleted && !read.Buffer.IsEmpty;
                input.AdvanceTo(read.Buffer.Start);
                return torn ? throw new ProtocolViolationException("The peer closed in the middle of a frame's size.") : -1;
            }

            input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            if (read.IsCompleted)
            {
                throw new ProtocolViolationException("The peer closed in the middle of a frame.");
            }
        }
    }

    private void NoteCome(long bytes, ref bool hasBegun)
    {
        if (!hasBegun)
        {
            hasBegun = true;
            activity.Enter(ConnectionPhase.Intake);
        }

        activity.Came(bytes);
    }

    private async ValueTask FillAsync(Memory<byte> destination, int filled, CancellationToken cancellationToken)
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
            filled += taken;
            input.AdvanceTo(slice.End);
            activity.Came(filled);
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
