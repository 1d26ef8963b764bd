using System.Buffers.Binary;
using System.Runtime.InteropServices;
using OrleansStream.Log.Blocks;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Lanes;

/// <summary>
/// A block on its way through the lane: open, sealed, filled, written, published. It holds the lane's lease. The object is used again for a later block;
/// what outlives it is its <see cref="Block"/>.
/// </summary>
public sealed class LaneBlock
{
    // Tokens keep the slab: one while the block takes frames, one until its frames were published or lost, one for each frame that is being filled.
    private const int DispatcherToken = 1;
    private const int OpenToken = 1;

    private readonly Lane _lane;
    private PlacedFrame[] _placed = new PlacedFrame[16];
    private Slab? _slab;
    private Block? _block;
    private BlockLease _lease;
    private int _tokens;
    private int _frameEnd;
    private int _count;

    internal LaneBlock(Lane lane) => _lane = lane;

    public Slot Slot { get; private set; }

    /// <summary>Bytes that the store was asked to reserve for the block: at least those that it takes.</summary>
    public int ReservedBytes { get; private set; }

    /// <summary>The block as it is to be written, a multiple of 4 KiB. Valid during <see cref="ILaneStore.Write"/> only.</summary>
    public ReadOnlyMemory<byte> Stored => _block!.Stored;

    /// <summary>The directory. Valid during <see cref="ILaneStore.Write"/> only.</summary>
    public ReadOnlySpan<FrameEntry> Frames => _block!.Frames;

    /// <summary>Set by the store in <see cref="ILaneStore.Write"/>: the number of the file that the block went to. Entries of the lane index do not span files.</summary>
    public long Region { get; set; }

    /// <summary>The partition of a frame. Valid during <see cref="ILaneStore.Write"/> only.</summary>
    public LanePartition PartitionAt(int index) => _placed[index].Partition;

    /// <summary>Keeps the block's bytes for whoever writes them longer than <see cref="ILaneStore.Write"/> lasts. Called there only; given back when the last write is over.</summary>
    public BlockLease Lease() => _lease.Again(LeaseHolder.Lane);

    internal Block Block => _block!;

    internal Span<byte> Span => _slab!.GetSpan();

    internal int ChargedBytes => _slab!.Length;

    internal int Count => _count;

    /// <summary>When a pipelined store began to write it, in the time provider's ticks.</summary>
    internal long WrittenAt { get; set; }

    /// <summary>When the block is to be sealed at the latest, in the time provider's ticks.</summary>
    internal long Deadline { get; private set; }

    /// <summary>Sealed, and every place filled. Asked by the writer only.</summary>
    internal bool IsComplete => Volatile.Read(ref _tokens) == DispatcherToken;

    /// <summary>Bytes of the block if it were sealed now.</summary>
    internal int UsedBytes => (int)BlockLayout.UsedBytes(_frameEnd - BlockLayout.HeaderBytes, _count);

    internal void Open(Slab slab, SlabPool pool, (SessionId Session, long At) opened, Slot slot)
    {
        _slab = slab;
        _block = new Block(pool, slab, opened.Session, slot) { OpenedAt = opened.At };
        _lease = _block.FirstLease(LeaseHolder.Lane);
        Slot = slot;
        ReservedBytes = slab.Length;
        Region = 0;
        Deadline = long.MaxValue;
        _frameEnd = BlockLayout.HeaderBytes;
        _count = 0;
        Volatile.Write(ref _tokens, DispatcherToken + OpenToken);
    }

    internal bool Fits(int length) => BlockLayout.UsedBytes(_frameEnd - BlockLayout.HeaderBytes + (long)length, _count + 1) <= _slab!.Length;

    /// <summary>Under the gate of rule B2. Entries grow from the end of the slab towards the frames, so that a block takes what fits, in any mixture.</summary>
    internal FramePlace Place(in FrameRequest request, long deadline, bool wakesWriter)
    {
        var index = _count++;
        var position = _frameEnd;
        _frameEnd += request.Length;
        if (index == _placed.Length) Array.Resize(ref _placed, index * 2);
        _placed[index] = new PlacedFrame(request.Partition, request.Owner, request.State, request.IsCarried);
        BlockCodec.WriteEntry(EntryAt(index), new FrameEntry
        {
            Partition = request.Partition.Partition,
            Epoch = request.Epoch,
            BaseOffset = request.BaseOffset,
            LastOffset = request.LastOffset,
            MaxTimestampMs = request.MaxTimestampMs,
            Position = position,
            Length = request.Length,
            Kind = request.Kind,
            Checksum = 0,
        });
        if (deadline < Deadline) Deadline = deadline;
        Interlocked.Increment(ref _tokens);
        return new FramePlace(this, index, position, request.Length, wakesWriter);
    }

    /// <summary>Under the gate of rule B2: no frame comes any more.</summary>
    internal void Seal() => Interlocked.Decrement(ref _tokens);

    internal void Filled(int index, uint checksum, bool wakesWriter)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(BlockCodec.ChecksumOf(EntryAt(index)), checksum);
        var lane = _lane;
        var left = Interlocked.Decrement(ref _tokens);
        if (left == DispatcherToken) lane.OnBlockFilled();
        if (left == 0) lane.Recycle(this); // The lane ended while the frame was being filled.
        if (wakesWriter) lane.Wake();
    }

    /// <summary>By the writer, in slot order (rule B1: from here on the bytes never change).</summary>
    /// <param name="template">The header but for what the block itself knows.</param>
    /// <returns>The header's checksum, which the next block names.</returns>
    internal uint Finish(in BlockHeader template)
    {
        var span = Span;
        var directoryPosition = (int)BlockLayout.DirectoryPositionAfter(_frameEnd);
        span[_frameEnd..directoryPosition].Clear();
        var entries = span.Slice(directoryPosition, _count * BlockLayout.EntryBytes);
        span[^entries.Length..].CopyTo(entries);
        MemoryMarshal.Cast<byte, FrameEntry>(entries).Reverse();
        var stored = BlockLayout.StoredBytes(UsedBytes);
        _block!.Sealed(stored, directoryPosition, _count);
        return BlockCodec.Seal(span, template with { Slot = Slot, StoredBytes = stored, DirectoryPosition = directoryPosition, FrameCount = _count });
    }

    internal ref readonly PlacedFrame PlacedAt(int index) => ref _placed[index];

    /// <summary>By the dispatcher, when everybody was told. True if no frame is being filled any more: the block can be recycled.</summary>
    internal bool Settle() => Interlocked.Decrement(ref _tokens) == 0;

    /// <summary>Drops what keeps objects and memory alive; the slab goes back unless somebody else leases the block.</summary>
    internal void Clear()
    {
        Array.Clear(_placed, 0, _count);
        _lease.Dispose();
        _lease = default;
        _block = null;
        _slab = null;
    }

    private Span<byte> EntryAt(int index) => Span.Slice(_slab!.Length - ((index + 1) * BlockLayout.EntryBytes), BlockLayout.EntryBytes);
}
