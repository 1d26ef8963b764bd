using System.Buffers;
using System.Runtime.InteropServices;

namespace OrleansStream.Log.Blocks;

/// <summary>Native memory of one size class, aligned for direct I/O and not zeroed. It has one owner, who gives it back to its pool exactly once.</summary>
// No finaliser: a span may outlive the object. A slab that is never given back leaks, and the ledger of leases names the place.
public sealed unsafe class Slab : MemoryManager<byte>
{
    private readonly SlabPool _pool;
    private byte* _start;
    private int _isOut;

    internal Slab(SlabPool pool, int sizeClass, int length)
    {
        _pool = pool;
        SizeClass = sizeClass;
        Length = length;
        _start = (byte*)NativeMemory.AlignedAlloc((nuint)length, SlabPool.Alignment);
    }

    /// <summary>Bytes of the slab, a power of two.</summary>
    public int Length { get; }

    internal int SizeClass { get; }

    /// <summary>Gives the memory back; every span of it is dead from here on.</summary>
    public void Return()
    {
        if (Interlocked.Exchange(ref _isOut, 0) == 0) throw new InvalidOperationException("A slab was given back twice.");
        _pool.TakeBack(this);
    }

    public override Span<byte> GetSpan() => new(_start, Length);

    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)elementIndex, (uint)Length, nameof(elementIndex));
        return new MemoryHandle(_start + elementIndex);
    }

    // Native memory does not move, so there is nothing to undo.
    public override void Unpin()
    {
    }

    internal void GoOut() => Volatile.Write(ref _isOut, 1);

    internal void Free() => ((IDisposable)this).Dispose();

    protected override void Dispose(bool disposing)
    {
        var start = _start;
        _start = null;
        if (start != null) NativeMemory.AlignedFree(start);
    }
}
