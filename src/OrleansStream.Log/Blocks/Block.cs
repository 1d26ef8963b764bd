using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Blocks;

/// <summary>
/// What one durable write carries, or what one cold read brought back: immutable once sealed, and the only reference-counted type.
/// Its bytes are reached through a <see cref="BlockLease"/> alone.
/// </summary>
public sealed class Block
{
    private readonly SlabPool _pool;
    private readonly Slab _slab;
    private int _references = 1;
    private int _length;
    private int _directoryPosition;
    private int _frameCount;

    internal Block(SlabPool pool, Slab slab, SessionId session, Slot slot)
    {
        _pool = pool;
        _slab = slab;
        Session = session;
        Slot = slot;
    }

    public SessionId Session { get; }

    /// <summary>Its number in the session; of a cold read the first slot that it touches.</summary>
    public Slot Slot { get; }

    /// <summary>When its first frame came, in the lane's time provider's ticks; 0 for a cold read. Tells how old bytes are when a waiting reader gets them.</summary>
    public long OpenedAt { get; internal init; }

    /// <summary>The block's directory, in the order of its frames. Read it under a lease only. Empty for a cold read, whose frames carry their own entries.</summary>
    public ReadOnlySpan<FrameEntry> Frames =>
        MemoryMarshal.Cast<byte, FrameEntry>(_slab.GetSpan().Slice(_directoryPosition, _frameCount * BlockLayout.EntryBytes));

    /// <summary>The byte of the block behind its last frame, or a few bytes behind that. Read it under a lease only.</summary>
    public int FrameEnd => _directoryPosition;

    /// <summary>Bytes of memory that the block holds: whole slabs, which is what caches charge.</summary>
    public int ChargedBytes => _slab.Length;

    internal SlabPool Pool => _pool;

    internal Memory<byte> Stored => _slab.Memory[.._length];

    /// <summary>Makes a block of what a reader brought back. The slab is the block's from here on; the caller holds the lease that is returned, and gives it back.</summary>
    /// <param name="pool">Where the slab came from.</param>
    /// <param name="slab">Filled with at least <paramref name="length"/> bytes.</param>
    /// <param name="length">Bytes of the slab that a lease shows.</param>
    /// <param name="session">The session that was read, or default for a segment.</param>
    /// <param name="slot">The first slot that was read, or default for a segment.</param>
    public static BlockLease OfRead(SlabPool pool, Slab slab, int length, SessionId session = default, Slot slot = default)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)length, (uint)slab.Length, nameof(length));
        var block = new Block(pool, slab, session, slot) { _length = length };
        return block.FirstLease(LeaseHolder.ReadCache);
    }

    /// <summary>Takes a right to read. False if the block's memory went back already: the caller reads elsewhere.</summary>
    /// <param name="holder">Who is charged with it.</param>
    /// <param name="lease">The right, to be disposed exactly once.</param>
    /// <param name="file">Left to the compiler: the place that a leak report names.</param>
    /// <param name="line">Left to the compiler.</param>
    public bool TryLease(LeaseHolder holder, out BlockLease lease, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        var seen = Volatile.Read(ref _references);
        while (seen > 0)
        {
            var before = Interlocked.CompareExchange(ref _references, seen + 1, seen);
            if (before == seen)
            {
                lease = new BlockLease(this, holder, _pool.Leases.Take(this, holder, file, line));
                return true;
            }

            seen = before;
        }

        lease = default;
        return false;
    }

    /// <summary>The lease that comes with the reference that a new block starts with.</summary>
    internal BlockLease FirstLease(LeaseHolder holder, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        new(this, holder, _pool.Leases.Take(this, holder, file, line));

    /// <summary>Called once, by the lane, when directory and header stand in the slab.</summary>
    internal void Sealed(int length, int directoryPosition, int frameCount)
    {
        _length = length;
        _directoryPosition = directoryPosition;
        _frameCount = frameCount;
    }

    internal void Return(LeaseHolder holder, long ticket)
    {
        _pool.Leases.Return(holder, ticket);
        var left = Interlocked.Decrement(ref _references);
        if (left == 0)
        {
            _slab.Return();
        }
        else if (left < 0)
        {
            throw new InvalidOperationException($"A lease of block {Slot} was given back twice.");
        }
    }
}
