using OrleansStream.Model;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Lanes;

/// <summary>How many bytes stand in which slots of a session, to a line for each mebibyte: a lane of tiny blocks must not have one for each. Its caller holds the index's lock.</summary>
internal sealed class SlotLedger
{
    private const int LineBytes = Limits.MiB;

    // In slot order; the oldest first.
    private readonly Queue<Line> _closed = new();
    private Line _open;

    public long Bytes { get; private set; }

    public void Add(Slot slot, int bytes)
    {
        _open = new Line(slot.Next, _open.Bytes + bytes);
        Bytes += bytes;
        if (_open.Bytes < LineBytes) return;
        _closed.Enqueue(_open);
        _open = _open with { Bytes = 0 };
    }

    /// <summary>Of the lines that end at or below the slot: too few by less than a line.</summary>
    public long BytesBelow(Slot slot)
    {
        long bytes = 0;
        foreach (var line in _closed)
        {
            if (line.End > slot) return bytes;
            bytes += line.Bytes;
        }

        return _open.End <= slot ? bytes + _open.Bytes : bytes;
    }

    public Slot? EndOfOldest(long bytes)
    {
        foreach (var line in _closed)
        {
            bytes -= line.Bytes;
            if (bytes <= 0) return line.End;
        }

        return Bytes == 0 ? null : _open.End;
    }

    public void ForgetBelow(Slot slot)
    {
        while (_closed.TryPeek(out var line) && line.End <= slot)
        {
            Bytes -= line.Bytes;
            _closed.Dequeue();
        }

        if (_closed.Count > 0 || _open.End > slot) return;
        Bytes -= _open.Bytes;
        _open = _open with { Bytes = 0 };
    }

    /// <param name="End">The slot behind the line's last one.</param>
    /// <param name="Bytes">Of the blocks in it.</param>
    private readonly record struct Line(Slot End, long Bytes);
}
