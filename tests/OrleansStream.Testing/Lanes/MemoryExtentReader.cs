using System.Collections.Concurrent;
using OrleansStream.Log;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Testing.Lanes;

/// <summary>Reads extents out of the frames that <see cref="MemoryLaneStore"/>s keep, and segments that a test cut from them. Counts, and fails when a test says so.</summary>
public sealed class MemoryExtentReader(SlabPool slabs) : IExtentReader
{
    private readonly ConcurrentDictionary<SessionId, MemoryLaneStore> _stores = new();
    private readonly ConcurrentDictionary<string, IReadOnlyList<StoredFrame>> _segments = new(StringComparer.Ordinal);

    /// <summary>Asked before each read; an exception is thrown instead of reading.</summary>
    public Func<Extent, LogException?>? Fault { get; set; }

    /// <summary>Reads so far.</summary>
    public int Reads { get; private set; }

    public void Add(SessionId session, MemoryLaneStore store) => _stores[session] = store;

    /// <summary>Makes a segment of what the lanes hold of a partition in an offset range.</summary>
    public SegmentExtent Cut(PartitionId partition, Offset first, Offset last, LeaderEpoch epoch)
    {
        var frames = _stores.Values.SelectMany(store => store.Find(partition, Slot.Zero, new Slot(long.MaxValue), first))
            .Where(frame => frame.Entry.LastOffset <= last)
            .ToList();
        return Put($"p/{partition}/{first.Value:x16}-{epoch}-{_segments.Count}", epoch, frames);
    }

    /// <summary>Makes a segment of frames that a test chose.</summary>
    public SegmentExtent Put(string name, LeaderEpoch epoch, IReadOnlyList<StoredFrame> frames)
    {
        _segments[name] = frames;
        return new SegmentExtent(name, epoch, frames[0].Entry.BaseOffset, frames[^1].Entry.LastOffset, frames.Sum(frame => (long)frame.Bytes.Length), frames.Max(frame => frame.Entry.MaxTimestampMs));
    }

    public ValueTask ReadAsync(PartitionId partition, Extent extent, Offset from, int maxBytes, FrameList into, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_segments)
        {
            Reads++;
            if (Fault?.Invoke(extent) is { } fault) throw fault;
        }

        long bytes = 0;
        foreach (var frame in FramesOf(partition, extent, from))
        {
            if (bytes > 0 && bytes + frame.Bytes.Length > maxBytes) break;
            bytes += frame.Bytes.Length;
            var slab = slabs.Rent(frame.Bytes.Length);
            frame.Bytes.CopyTo(slab.GetSpan());
            into.Add(new LeasedFrame(Block.OfRead(slabs, slab, frame.Bytes.Length, default, frame.Slot), frame.Entry with { Position = 0 }));
            if (bytes >= maxBytes) break;
        }

        return ValueTask.CompletedTask;
    }

    private IEnumerable<StoredFrame> FramesOf(PartitionId partition, Extent extent, Offset from) => extent switch
    {
        WalExtent wal => _stores[wal.Session].Find(partition, wal.FirstSlot, wal.LastSlot, from).Where(frame => frame.Entry.BaseOffset <= wal.LastOffset),
        SegmentExtent segment when _segments.TryGetValue(segment.Name, out var frames) => frames.Where(frame => frame.Entry.LastOffset >= from),
        _ => throw new LogException($"There is no '{extent}'."),
    };
}
