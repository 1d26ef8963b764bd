namespace OrleansStream.Log.Blocks;

/// <summary>A counted right to read a block, given back exactly once by <see cref="Dispose"/>: in a <c>using</c>, or as a field of the one response object.</summary>
public readonly struct BlockLease : IDisposable
{
    public Block Block => throw new NotImplementedException();

    /// <summary>The whole block as stored. Valid until the lease is given back; never kept without it.</summary>
    public ReadOnlyMemory<byte> Memory => throw new NotImplementedException();

    /// <summary>A second right to the same block, given back on its own.</summary>
    public BlockLease Again(LeaseHolder holder) => throw new NotImplementedException();

    public void Dispose() => throw new NotImplementedException();
}
