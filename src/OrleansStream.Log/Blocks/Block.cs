using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Blocks;

/// <summary>
/// What one durable write carries, or what one cold read brought back: immutable once sealed, and the only reference-counted type.
/// Its bytes are reached through a <see cref="BlockLease"/> alone.
/// </summary>
public sealed class Block
{
    public SessionId Session => throw new NotImplementedException();

    public Slot Slot => throw new NotImplementedException();

    /// <summary>The block's directory, in the order of its frames.</summary>
    public ReadOnlySpan<FrameEntry> Frames => throw new NotImplementedException();

    /// <summary>Bytes of memory that the block holds: whole slabs, which is what caches charge.</summary>
    public int ChargedBytes => throw new NotImplementedException();

    /// <summary>Takes a right to read. False if the block's memory went back already: the caller reads elsewhere.</summary>
    public bool TryLease(LeaseHolder holder, out BlockLease lease) => throw new NotImplementedException();
}
