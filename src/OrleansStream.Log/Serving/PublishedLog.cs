using OrleansStream.Log.Blocks;
using OrleansStream.Log.Manifests;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Serving;

/// <summary>What readers may see of one partition: its offsets, its frames in the tail cache, its extents, and who waits for more.</summary>
/// <remarks>
/// The high watermark is written by one thread, the lane's dispatcher, in slot order, and read by any number. Whoever sees a high watermark must
/// find everything below it. So the order is: the lane index has the block (the lane's promise), the tail cache has it, the frame is held here,
/// and only then the high watermark moves (a release; readers use an acquire). Log start moves the other way about: first the offset, then
/// extents go. All three offsets only grow, and writers move the high watermark first and log start last; so a reader that takes log start first and the
/// high watermark last always sees them in order, without a lock.
/// </remarks>
internal sealed class PublishedLog
{
    private readonly Lock _gate = new();
    private readonly TailCache _cache;
    private FrameRing _frames;
    private WatchList _watchers;
    private long _logStart;
    private long _highWatermark;
    private long _sizeBytes;
    private Manifest _manifest;
    private volatile ErrorCode _closed;
    private bool _keepsTail;
    private int _unreadable;

    public PublishedLog(TailCache cache, Manifest manifest, Offset logEnd, long sizeBytes)
    {
        _cache = cache;
        _manifest = manifest;
        _logStart = manifest.LogStart.Value;
        _highWatermark = logEnd.Value;
        _sizeBytes = sizeBytes;
    }

    /// <summary>None while the partition is served; otherwise what every call answers.</summary>
    public ErrorCode Closed => _closed;

    public Offset LogStart => new(Volatile.Read(ref _logStart));

    public Offset HighWatermark => new(Volatile.Read(ref _highWatermark));

    // No transactions yet: nothing is ever undecided.
    public Offset LastStableOffset => HighWatermark;

    public Manifest Manifest => Volatile.Read(ref _manifest);

    public long SizeBytes => Volatile.Read(ref _sizeBytes);

    /// <summary>True once: somebody may look up times of a garbage batch all day, and to be told of it once is enough.</summary>
    public bool IsFirstUnreadable() => Interlocked.Exchange(ref _unreadable, 1) == 0;

    public bool HasWatchers
    {
        get
        {
            lock (_gate) return !_watchers.IsEmpty;
        }
    }

    /// <summary>Links in the wait list, those of waiters that are over included. Walks the list.</summary>
    public int CountWatchers()
    {
        lock (_gate) return _watchers.CountLinks();
    }

    /// <summary>A frame is durable. On the dispatcher.</summary>
    public void Publish(Block block, int index)
    {
        ref readonly var entry = ref block.Frames[index];
        _cache.Attach(block, index, this);
        FetchWaiter? woken;
        lock (_gate)
        {
            Volatile.Write(ref _highWatermark, entry.LastOffset.Value + 1);
            Volatile.Write(ref _sizeBytes, _sizeBytes + entry.Length);
            woken = _watchers.Count(entry.LastOffset.Value, entry.Length);
        }

        // Outside the lock, and before the producer hears of it: neither may wait for what the other does with the news.
        WatchList.Wake(woken);
    }

    /// <summary>Holds a frame of a cached block. False if the log is closed, and nobody would read it.</summary>
    public bool TryHold(Block block, int index)
    {
        lock (_gate)
        {
            if (_closed != ErrorCode.None && !_keepsTail) return false;

            // Where a block was too large to be cached there is a hole; what stands before it would make readers jump over it.
            if (!_frames.IsFollowedBy(block.Frames[index].BaseOffset.Value)) _frames.Clear();
            _frames.Add(block, index);
            return true;
        }
    }

    public void Evict(Block block)
    {
        lock (_gate) _frames.Evict(block);
    }

    /// <summary>Reads from the tail cache.</summary>
    /// <returns>False if the offset does not lie in what is held here: nothing was added. True with nothing added if the first frame does not fit.</returns>
    public bool TryReadTail(in ReadLimits limits, FrameList into)
    {
        lock (_gate)
        {
            if (!_frames.Holds(limits.From)) return false;

            for (var at = _frames.Find(limits.From); !_frames.IsAtEnd(at); at = _frames.Next(at))
            {
                ref readonly var entry = ref _frames.EntryAt(at);
                if (entry.BaseOffset.Value >= limits.End || !limits.Admits(entry.Length, into)) break;

                if (into.TryAdd(_frames.BlockAt(at), entry)) continue;

                // The cache gives its lease back only after the frame has left this ring, so this does not fail; if it did, storage has the bytes.
                if (!_frames.BlockAt(at).TryLease(LeaseHolder.Response, out var lease)) return into.Count > 0;
                into.Add(new LeasedFrame(lease, entry));
            }

            return true;
        }
    }

    /// <summary>Looks in the tail cache for a frame that has this timestamp or a later one, from this offset on and below the end.</summary>
    /// <returns>Where to go on: such a frame's base offset, the end of what is held if none has one; null if the offset does not lie in what is held.</returns>
    public long? NextInTail(long from, long end, long timestampMs)
    {
        lock (_gate)
        {
            if (!_frames.Holds(from)) return null;
            for (var at = _frames.Find(from); !_frames.IsAtEnd(at); at = _frames.Next(at))
            {
                ref readonly var entry = ref _frames.EntryAt(at);
                if (entry.BaseOffset.Value >= end) break;
                if (entry.MaxTimestampMs >= timestampMs) return Math.Max(from, entry.BaseOffset.Value);
            }

            return Math.Min(end, _frames.EndOffset);
        }
    }

    /// <summary>Bytes that a reader could have from this offset on: exact within the tail cache, an estimate below it; -1 if out of range.</summary>
    public long BytesFrom(Offset from)
    {
        lock (_gate) return CountBytes(from.Value);
    }

    public void Watch(WatchLink link, Offset from)
    {
        lock (_gate)
        {
            // Counting and linking are one step against Publish: a frame is either counted here or finds the link.
            var bytes = _closed == ErrorCode.None ? CountBytes(from.Value) : -1;
            if (bytes < 0) link.Waiter.CountEverything();
            else if (bytes > 0) link.Waiter.Count(bytes);
            link.From = from;
            link.Join(this);
            _watchers.Add(link);
        }
    }

    public void Unwatch(WatchLink link)
    {
        lock (_gate) _watchers.Remove(link);
    }

    /// <summary>Moves log start up; a lower offset changes nothing. Waiters look again, since answers name it.</summary>
    public void MoveLogStart(Offset offset)
    {
        FetchWaiter? woken;
        lock (_gate)
        {
            if (offset.Value <= _logStart) return;
            Volatile.Write(ref _logStart, Math.Min(offset.Value, _highWatermark));
            woken = _watchers.CountEverything();
        }

        WatchList.Wake(woken);
    }

    /// <summary>Puts a newer manifest into force. Its extents hold what the old ones held above log start, so readers may have either.</summary>
    /// <param name="manifest">Durable.</param>
    /// <param name="countBytes">Says how many bytes the log has with it; runs under the lock, so that no published frame is missed.</param>
    public void Apply(Manifest manifest, Func<Manifest, long> countBytes)
    {
        MoveLogStart(manifest.LogStart);
        lock (_gate)
        {
            Volatile.Write(ref _manifest, manifest);
            Volatile.Write(ref _sizeBytes, countBytes(manifest));
        }
    }

    /// <summary>Ends serving. False if it was closed before; the first reason stays.</summary>
    /// <param name="error">What every call answers from now on.</param>
    /// <param name="keepsTail">Whether what the tail cache has is still to be read, until <see cref="DropTail"/>: what is being released is cut from there.</param>
    public bool Close(ErrorCode error, bool keepsTail = false)
    {
        FetchWaiter? woken;
        lock (_gate)
        {
            if (_closed != ErrorCode.None) return false;
            _closed = error;
            _keepsTail = keepsTail;
            if (!keepsTail) _frames.Clear();
            woken = _watchers.CountEverything();
        }

        WatchList.Wake(woken);
        return true;
    }

    /// <summary>After a close that kept the tail.</summary>
    public void DropTail()
    {
        lock (_gate)
        {
            if (!_keepsTail) return;
            _keepsTail = false;
            _frames.Clear();
        }
    }

    private long CountBytes(long from)
    {
        if (from < _logStart) return -1;
        if (from >= _highWatermark) return 0;
        if (_frames.IsEmpty || from >= _frames.EndOffset) return Share(_sizeBytes, from, _highWatermark);

        // Frames may be held here that the high watermark has not passed: they are about to be counted by Publish.
        var end = _frames.Find(_highWatermark);
        if (from >= _frames.BaseOffset) return _frames.BytesFrom(_frames.Find(from)) - _frames.BytesFrom(end);
        var cached = _frames.Bytes - _frames.BytesFrom(end);
        return cached + Share(_sizeBytes - cached, from, _frames.BaseOffset);
    }

    // Records spread evenly is all that can be assumed without a look at storage. Never nothing where there is something.
    private long Share(long bytes, long from, long end) =>
        Math.Max(1, (long)(bytes * ((double)(end - from) / Math.Max(1, end - _logStart))));
}
