namespace OrleansStream.Log.Blocks;

/// <summary>A range of one object in leased memory, in one piece or in several that follow each other. Used by one reader, who disposes it.</summary>
/// <param name="slabs">For what is joined.</param>
public sealed class LeasedRange(SlabPool slabs) : IDisposable
{
    private readonly List<Piece> _pieces = new(1);
    private List<BlockLease>? _joined;

    /// <summary>Adds the next piece, and takes over its lease.</summary>
    /// <param name="lease">Where its bytes are.</param>
    /// <param name="start">Where in the lease's memory they begin.</param>
    /// <param name="position">The byte of the object that stands there. A piece begins where the one before it ends.</param>
    /// <param name="length">How many.</param>
    public void Add(in BlockLease lease, int start, long position, int length) => _pieces.Add(new Piece(lease, start, position, length));

    /// <summary>Bytes of the range in one stretch of memory. What lies across two pieces is copied into memory of its own.</summary>
    /// <param name="position">The first byte, as the object counts.</param>
    /// <param name="length">How many; all of them within the range.</param>
    /// <returns>Where they are. The lease stays the range's: whoever keeps them longer takes another one of it.</returns>
    public LeasedPart Take(long position, int length)
    {
        var index = IndexOf(position);
        var piece = _pieces[index];
        return position + length <= piece.End
            ? new LeasedPart(piece.Lease, piece.Start + (int)(position - piece.Position))
            : new LeasedPart(Join(index, position, length), 0);
    }

    public void Dispose()
    {
        foreach (var piece in _pieces) piece.Lease.Dispose();
        _pieces.Clear();
        if (_joined is null) return;
        foreach (var lease in _joined) lease.Dispose();
        _joined = null;
    }

    private int IndexOf(long position)
    {
        for (var index = 0; index < _pieces.Count; index++)
        {
            if (position >= _pieces[index].Position && position < _pieces[index].End) return index;
        }

        throw new ArgumentOutOfRangeException(nameof(position), position, "The range does not hold this byte.");
    }

    private BlockLease Join(int index, long position, int length)
    {
        var slab = slabs.Rent(length);
        var filled = 0;
        for (; filled < length && index < _pieces.Count; index++)
        {
            var piece = _pieces[index];
            var skipped = (int)(position + filled - piece.Position);
            var copied = Math.Min(length - filled, piece.Length - skipped);
            piece.Lease.Memory.Span.Slice(piece.Start + skipped, copied).CopyTo(slab.GetSpan()[filled..]);
            filled += copied;
        }

        if (filled < length)
        {
            slab.Return();
            throw new ArgumentOutOfRangeException(nameof(length), length, "The range ends before that.");
        }

        var lease = Block.OfRead(slabs, slab, length);
        (_joined ??= []).Add(lease);
        return lease;
    }

    private readonly record struct Piece(BlockLease Lease, int Start, long Position, int Length)
    {
        public long End => Position + Length;
    }
}

/// <summary>Where bytes of a <see cref="LeasedRange"/> are.</summary>
/// <param name="Lease">The range's own: not to be disposed.</param>
/// <param name="Start">Where in the lease's memory they begin.</param>
public readonly record struct LeasedPart(BlockLease Lease, int Start);
