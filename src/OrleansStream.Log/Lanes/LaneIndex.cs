using System.Collections.Concurrent;
using OrleansStream.Log.Manifests;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Lanes;

/// <summary>What the current session holds of each partition, keyed by offset range. Published frames only. Safe for any number of readers.</summary>
public sealed class LaneIndex
{
    private readonly Lock _lock = new();
    private readonly SessionId _session;
    private readonly ConcurrentDictionary<PartitionId, LanePartition> _partitions;

    // The lowest slot of every entry, null if there is none, so that an idle broker need not walk its partitions each second to find that nothing changed.
    private Slot? _lowest;
    private bool _isLowestKnown = true;
    private long _blocks;
    private readonly SlotLedger _ledger = new();

    internal LaneIndex(SessionId session, ConcurrentDictionary<PartitionId, LanePartition> partitions)
    {
        _session = session;
        _partitions = partitions;
    }

    /// <summary>Partitions that the lane keeps something of.</summary>
    public int Partitions => _partitions.Count;

    /// <summary>Blocks that were added since the session began: as long as it stays the same, nothing was published.</summary>
    internal long BlocksAdded => Volatile.Read(ref _blocks);

    /// <summary>Adds what the session holds of the partition at or above the offset, in offset order.</summary>
    /// <param name="partition">Whose frames.</param>
    /// <param name="from">The lowest wanted offset; the first extent may begin below it.</param>
    /// <param name="extents">Added to.</param>
    /// <param name="limit">Most extents to add; one stands for at least 64 KiB of frames, or for all in a file. A reader asks for a few, a splitter for all.</param>
    public void CopyTo(PartitionId partition, Offset from, List<WalExtent> extents, int limit = int.MaxValue)
    {
        if (!_partitions.TryGetValue(partition, out var state)) return;
        lock (_lock) state.Runs.CopyTo(_session, from, extents, limit);
    }

    /// <summary>Adds all that the session holds of the partition, to be carried (rule S4): frames that come later are another entry's.</summary>
    internal void CopyForCarry(PartitionId partition, List<WalExtent> extents)
    {
        if (!_partitions.TryGetValue(partition, out var state)) return;
        lock (_lock) state.Runs.CopyForCarry(_session, extents);
    }

    /// <summary>The offset after the last published frame of the partition in this session; null if it published none.</summary>
    public Offset? PublishedEnd(PartitionId partition)
    {
        if (!_partitions.TryGetValue(partition, out var state)) return null;
        lock (_lock) return state.Runs.End < 0 ? null : new Offset(state.Runs.End);
    }

    /// <summary>Forgets what a segment of the manifest or log start covers (rule S3): everything below the offset.</summary>
    public void ForgetBelow(PartitionId partition, Offset offset)
    {
        if (!_partitions.TryGetValue(partition, out var state)) return;
        lock (_lock)
        {
            state.Runs.ForgetBelow(offset);
            _isLowestKnown = false;
        }
    }

    /// <summary>The lane has forgotten a partition with all that it had.</summary>
    internal void OnForgotten()
    {
        lock (_lock) _isLowestKnown = false;
    }

    /// <summary>Adds what each partition has in slots below the end: what keeps those slots from being trimmed.</summary>
    public void CopyBelow(Slot end, List<LaneHolding> holdings)
    {
        lock (_lock)
        {
            foreach (var (partition, state) in _partitions)
            {
                if (state.Runs.Below(end) is { } held) holdings.Add(new LaneHolding(partition, held.LastOffset, held.Bytes, held.Carries) { State = state });
            }
        }
    }

    /// <summary>Adds what each partition has that no segment covers, wherever it stands.</summary>
    /// <param name="maxAge">How old a frame becomes before it is due; once again as old for each time that it was carried (rule S4).</param>
    /// <param name="time">The lane's clock.</param>
    /// <param name="holdings">Added to.</param>
    internal void CopyUnsplit(TimeSpan maxAge, TimeProvider time, List<UnsplitHolding> holdings)
    {
        var ticks = (long)(maxAge.TotalSeconds * time.TimestampFrequency);
        lock (_lock)
        {
            foreach (var (_, state) in _partitions)
            {
                if (state.Runs.All(ticks) is { } all) holdings.Add(new UnsplitHolding(state, all.LastOffset, all.Bytes, all.Carries, all.DueAt));
            }
        }
    }

    /// <summary>What the lane keeps of the partition; null if it has never been asked for it, or has forgotten it.</summary>
    internal LanePartition? StateOf(PartitionId partition) => _partitions.GetValueOrDefault(partition);

    /// <summary>Whether every offset of the partition between the two, both included, stands in a published frame of this session.</summary>
    internal bool Holds(PartitionId partition, Offset first, Offset last)
    {
        if (!_partitions.TryGetValue(partition, out var state)) return false;
        lock (_lock) return state.Runs.Holds(first, last);
    }

    /// <summary>Bytes of the published blocks from the trim point on, as they are stored.</summary>
    public long HeldBytes
    {
        get
        {
            lock (_lock) return _ledger.Bytes;
        }
    }

    /// <summary>Bytes of the published blocks between the trim point and the slot.</summary>
    internal long BytesBelow(Slot slot)
    {
        lock (_lock) return _ledger.BytesBelow(slot);
    }

    /// <summary>The slot behind the oldest blocks that make up so many bytes, as far as there are; null if there are none.</summary>
    public Slot? EndOfOldest(long bytes)
    {
        lock (_lock) return _ledger.EndOfOldest(bytes);
    }

    /// <summary>The trim point has moved up to this slot.</summary>
    internal void OnTrimmed(Slot trimPoint)
    {
        lock (_lock) _ledger.ForgetBelow(trimPoint);
    }

    /// <summary>The lowest slot of every entry (rule T1), or <paramref name="unpublished"/> if that is lower.</summary>
    /// <param name="unpublished">The lowest slot that was not yet published, read before this call: what is published meanwhile lies above it.</param>
    internal Slot LowestSlot(Slot unpublished)
    {
        lock (_lock)
        {
            if (!_isLowestKnown)
            {
                _lowest = null;
                foreach (var (_, state) in _partitions)
                {
                    if (state.Runs.LowestSlot() is { } slot) _lowest = _lowest is { } lowest ? Slot.Min(lowest, slot) : slot;
                }

                _isLowestKnown = true;
            }

            return _lowest is { } known ? Slot.Min(unpublished, known) : unpublished;
        }
    }

    internal void Add(LaneBlock block)
    {
        var frames = block.Frames;
        lock (_lock)
        {
            for (var i = 0; i < frames.Length; i++)
            {
                ref readonly var placed = ref block.PlacedAt(i);
                placed.Partition.Runs.Add(frames[i], new FramePosition(block.Slot, block.Region, block.Block.OpenedAt, placed.IsCarried));
            }

            _ledger.Add(block.Slot, block.Stored.Length);
            _isLowestKnown = false; // A frame that was carried forward may have been the lowest.
            _blocks++;
        }
    }
}
