using System.Buffers;
using OrleansStream.Kafka.Protocol.Primitives;
using OrleansStream.Model;

namespace OrleansStream.Kafka.Gateway.Connections;

/// <summary>
/// Sends written frames, in order, one caller at a time. Small pieces are gathered so that an answer costs few sends; large ones go out from where they
/// lie, so that record batches are not copied. Leases are given back as soon as the send that carried their last byte is done.
/// </summary>
internal abstract class AnswerOutput(ConnectionActivity activity) : IDisposable
{
    /// <summary>Bytes that are gathered before a send.</summary>
    internal const int StepBytes = 256 * Limits.KiB;

    // What is gathered costs a copy, what is not costs a send of its own: docs/adr/0004-answer-writing.md has the numbers.
    private const int DirectBytes = 64 * Limits.KiB;

    private const int SmallBytes = 4 * Limits.KiB;

    private byte[] _step = [];
    private int _filled;

    /// <summary>Puts a whole frame behind what was put there before; sends when a step is full. Nothing is kept of the writer afterwards.</summary>
    public async ValueTask PutAsync(ProtocolWriter writer)
    {
        foreach (var piece in writer.Pieces)
        {
            if (piece.Records is LeasedRecords leased)
            {
                await PutAsync(leased);
            }
            else
            {
                await PutAsync(piece.Bytes);
            }
        }
    }

    /// <summary>Puts a small frame without a state machine; false if it needs <see cref="PutAsync(ProtocolWriter)"/>.</summary>
    public bool TryPut(ProtocolWriter writer)
    {
        if (writer.Length > SmallBytes || _filled + writer.Length > StepBytes)
        {
            return false;
        }

        foreach (var piece in writer.Pieces)
        {
            if (piece.Records is { } records)
            {
                Gather(records);
            }
            else
            {
                Gather(piece.Bytes.Span);
            }
        }

        return true;
    }

    /// <summary>Sends what was gathered. The step buffer goes back: an idle connection holds none.</summary>
    public async ValueTask FlushAsync()
    {
        await SendGatheredAsync();
        if (_step.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_step);
            _step = [];
        }
    }

    public void Dispose()
    {
        if (_step.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_step);
            _step = [];
        }
    }

    /// <summary>Ends a send that is under way, from any thread: the connection is given up.</summary>
    public abstract void Abort();

    /// <summary>Completes when the peer's kernel or ours has all the bytes. An exception means that the connection is gone.</summary>
    protected abstract ValueTask SendAsync(ReadOnlyMemory<byte> bytes);

    private async ValueTask PutAsync(LeasedRecords leased)
    {
        // Small batches that lie side by side go out as one piece.
        for (var index = 0; index < leased.Frames.Count;)
        {
            await PutAsync(leased.Frames.Stretch(index, out index));
        }

        // Its bytes are sent or copied: nothing reads the blocks any more.
        GiveBack(leased);
    }

    private async ValueTask PutAsync(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length >= DirectBytes)
        {
            await SendGatheredAsync();
            await SendInStepsAsync(bytes);
            return;
        }

        if (_filled + bytes.Length > StepBytes)
        {
            await SendGatheredAsync();
        }

        Gather(bytes.Span);
    }

    private void Gather(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Room(bytes.Length));
        _filled += bytes.Length;
    }

    private void Gather(RecordsPayload records)
    {
        records.CopyTo(Room(records.Length));
        _filled += records.Length;
        if (records is LeasedRecords leased)
        {
            GiveBack(leased);
        }
    }

    private void GiveBack(LeasedRecords leased)
    {
        leased.Dispose();
        activity.GaveRecords(leased.Charge);
    }

    // Acknowledgements need a few bytes, fetches a whole step: a buffer grows to what is asked of it.
    private Span<byte> Room(int bytes)
    {
        if (_filled + bytes > _step.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(_filled + bytes <= SmallBytes ? SmallBytes : StepBytes);
            _step.AsSpan(0, _filled).CopyTo(larger);
            if (_step.Length > 0)
            {
                ArrayPool<byte>.Shared.Return(_step);
            }

            _step = larger;
        }

        return _step.AsSpan(_filled);
    }

    private ValueTask SendGatheredAsync()
    {
        if (_filled == 0)
        {
            return ValueTask.CompletedTask;
        }

        var bytes = _step.AsMemory(0, _filled);
        _filled = 0;
        return SendWatchedAsync(bytes);
    }

    private async ValueTask SendInStepsAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var step = bytes[..Math.Min(bytes.Length, StepBytes)];
            await SendWatchedAsync(step);
            bytes = bytes[step.Length..];
        }
    }

    private async ValueTask SendWatchedAsync(ReadOnlyMemory<byte> bytes)
    {
        activity.BeginWrite();
        await SendAsync(bytes);
        activity.EndWrite(bytes.Length);
    }
}
