using OrleansStream.Log.Blocks;
using OrleansStream.Log.Lanes;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Serving;

/// <summary>
/// The newest blocks of this broker's lanes, whole and in the order of their publication, each under one lease, charged by the slabs it holds.
/// Which frames of a partition are here its handle knows; this class knows the blocks, and tells the handles when one goes.
/// </summary>
/// <remarks>
/// A lane's dispatcher calls <see cref="OnBlockPublished"/> with each block before it tells the owners of the frames. Two lanes may do so side by side,
/// an old session that is ending and the new one; hence the lock.
/// </remarks>
public sealed class TailCache : ILaneObserver
{
    private readonly Lock _gate = new();
    private readonly Queue<CachedBlock> _blocks = new();
    private readonly Dictionary<(SessionId Session, Slot Slot), CachedBlock> _bySlot = [];
    private readonly Stack<CachedBlock> _spare = new();
    private readonly long _maxBytes;
    private CachedBlock? _newest;
    private long _bytes;
    private long _evictedBlocks;

    private readonly Action<Exception>? _onOwnerFailed;

    /// <param name="options">The bound.</param>
    /// <param name="onOwnerFailed">Where to log what an owner of a frame threw at the dispatcher; never expected.</param>
    public TailCache(TailCacheOptions options, Action<Exception>? onOwnerFailed = null)
    {
        _maxBytes = options.MaxBytes;
        _onOwnerFailed = onOwnerFailed;
    }

    /// <summary>Bytes of slabs held.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    public int Blocks
    {
        get
        {
            lock (_gate) return _blocks.Count;
        }
    }

    public long EvictedBlocks => Volatile.Read(ref _evictedBlocks);

    /// <summary>Takes the block in, and evicts the oldest ones until the bound holds again. A block larger than the bound is not kept.</summary>
    public void OnBlockPublished(Block block)
    {
        lock (_gate)
        {
            if (block.ChargedBytes > _maxBytes || !block.TryLease(LeaseHolder.TailCache, out var lease)) return;

            while (_bytes + block.ChargedBytes > _maxBytes) EvictOldest();
            if (!_spare.TryPop(out var cached)) cached = new CachedBlock();
            cached.Fill(block, lease);
            _blocks.Enqueue(cached);
            _bySlot[(block.Session, block.Slot)] = cached;
            _newest = cached;
            Volatile.Write(ref _bytes, _bytes + block.ChargedBytes);
        }
    }

    public void OnOwnerFailed(Exception error) => _onOwnerFailed?.Invoke(error);

    /// <summary>Gives a right to read the block of a slot, to be disposed. False if it is not cached.</summary>
    public bool TryLease(SessionId session, Slot slot, LeaseHolder holder, out BlockLease lease)
    {
        lease = default;
        lock (_gate) return _bySlot.TryGetValue((session, slot), out var cached) && cached.Block.TryLease(holder, out lease);
    }

    /// <summary>Gives every block back: the broker stops.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            while (_blocks.Count > 0) EvictOldest();
        }
    }

    /// <summary>Gives the log a frame of this block to hold, if the block is cached. One step with the note of who holds it: else it might be evicted in between.</summary>
    internal void Attach(Block block, int index, PublishedLog log)
    {
        lock (_gate)
        {
            if (Find(block) is { } cached && log.TryHold(block, index)) cached.Attach(log);
        }
    }

    // Nearly always the newest: owners are told right after the block came. With two lanes at work it may be an earlier one.
    private CachedBlock? Find(Block block)
    {
        if (_newest is { } newest && ReferenceEquals(newest.Block, block)) return newest;
        return _bySlot.TryGetValue((block.Session, block.Slot), out var cached) && ReferenceEquals(cached.Block, block) ? cached : null;
    }

    // First the logs forget the frames, each under its own lock, then the lease goes back: a reader that finds a frame can lease its block.
    private void EvictOldest()
    {
        var cached = _blocks.Dequeue();
        _bySlot.Remove((cached.Block.Session, cached.Block.Slot));
        if (ReferenceEquals(_newest, cached)) _newest = null;
        Volatile.Write(ref _bytes, _bytes - cached.Block.ChargedBytes);
        Volatile.Write(ref _evictedBlocks, _evictedBlocks + 1);
        cached.Empty();
        _spare.Push(cached);
    }

    /// <summary>A block, its lease, and the logs that hold frames of it.</summary>
    private sealed class CachedBlock
    {
        private readonly List<PublishedLog> _logs = [];
        private BlockLease _lease;
        private Block? _block;

        public Block Block => _block!;

        public void Fill(Block block, BlockLease lease) => (_block, _lease) = (block, lease);

        public void Attach(PublishedLog log)
        {
            // Frames of one partition mostly stand together; those that do not put it in the list twice, which does no harm.
            if (_logs.Count == 0 || !ReferenceEquals(_logs[^1], log)) _logs.Add(log);
        }

        public void Empty()
        {
            foreach (var log in _logs) log.Evict(Block);
            _logs.Clear();
            _lease.Dispose();
            (_block, _lease) = (null, default);
        }
    }
}
