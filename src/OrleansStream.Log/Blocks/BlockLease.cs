using System.Runtime.CompilerServices;

namespace OrleansStream.Log.Blocks;

/// <summary>A counted right to read a block, given back exactly once by <see cref="Dispose"/>: in a <c>using</c>, or as a field of the one response object.</summary>
public readonly struct BlockLease : IDisposable
{
    private readonly LeaseHolder _holder;
    private readonly long _ticket;

    internal BlockLease(Block block, LeaseHolder holder, long ticket)
    {
        Block = block;
        _holder = holder;
        _ticket = ticket;
    }

    public Block Block { get; }

    /// <summary>The whole block as stored. Valid until the lease is given back; never kept without it.</summary>
    public ReadOnlyMemory<byte> Memory => Block.Stored;

    /// <summary>A second right to the same block, given back on its own.</summary>
    /// <param name="holder">Who is charged with it.</param>
    /// <param name="file">Left to the compiler: the place that a leak report names.</param>
    /// <param name="line">Left to the compiler.</param>
    public BlockLease Again(LeaseHolder holder, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Block.TryLease(holder, out var lease, file, line) ? lease : throw new ObjectDisposedException(nameof(BlockLease), "The lease was given back already.");

    // A default lease (a place in an array that was never filled) has nothing to give back.
    public void Dispose() => Block?.Return(_holder, _ticket);
}
