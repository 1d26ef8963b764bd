using System.Collections.Concurrent;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Files.Wal;

/// <summary>
/// Reads WAL extents of this and of earlier sessions: cold reads, by windows of whole blocks that readers of all partitions share. Files are read on the
/// scheduler given, which has a few threads of its own; what is cached is answered at once.
/// </summary>
public sealed class WalReader : IExtentReader, IDisposable
{
    private readonly WindowCache _cache;

    // An extent can span many slots, and a reader goes on where it was: one entry for each partition that is read cold.
    private readonly ConcurrentDictionary<PartitionId, (SessionId Session, Offset Next, Slot Slot)> _resume = new();

    /// <param name="disk">Where the files are.</param>
    /// <param name="files">Which files there are, and where their slots stand.</param>
    /// <param name="slabs">For the windows.</param>
    /// <param name="options">Bounds; valid.</param>
    /// <param name="scheduler">Where files are read; its threads may block. How many there are bounds the reads at once.</param>
    public WalReader(IDisk disk, WalFiles files, SlabPool slabs, WalReaderOptions options, TaskScheduler scheduler) =>
        _cache = new WindowCache(disk, files, slabs, options, scheduler);

    /// <summary>Bytes of the windows that are kept, in whole slabs.</summary>
    public long CachedBytes => _cache.Bytes;

    /// <inheritdoc/>
    public async ValueTask ReadAsync(PartitionId partition, Extent extent, Offset from, int maxBytes, FrameList into, CancellationToken cancellationToken)
    {
        if (extent is not WalExtent wal) throw new ArgumentException($"{extent.GetType().Name} is not read here.", nameof(extent));

        var cursor = new WalCursor(partition, wal, from, maxBytes, into);
        if (_resume.TryGetValue(partition, out var left) && left.Session == wal.Session && left.Next == cursor.Next && left.Slot > cursor.Slot && left.Slot <= wal.LastSlot) cursor.Slot = left.Slot;
        while (!cursor.IsDone && cursor.Slot <= cursor.LastSlot)
        {
            var (window, lease) = await WindowAsync(cursor.Session, cursor.Slot, cancellationToken);
            using (lease) window.Take(lease, cursor);
            _cache.ReadAhead(window);
        }

        if (cursor.HasGap) await ReadInAnyOrderAsync(cursor.Restarted(), cancellationToken);
        else _resume[partition] = (wal.Session, cursor.Next, cursor.Slot);
    }

    /// <summary>Gives up what is cached. Reads that are under way end with an exception or with what they had.</summary>
    public void Dispose() => _cache.Dispose();

    // Carried frames stand behind frames with higher offsets (rule R2), so all directories are looked through before a frame is taken.
    private async ValueTask ReadInAnyOrderAsync(WalCursor cursor, CancellationToken cancellationToken)
    {
        var found = new List<(FrameEntry Frame, Slot Slot)>();
        while (cursor.Slot <= cursor.LastSlot)
        {
            var (window, lease) = await WindowAsync(cursor.Session, cursor.Slot, cancellationToken);
            using (lease) window.List(cursor, found);
        }

        foreach (var (frame, slot) in found.OrderBy(static one => one.Frame.BaseOffset).ThenByDescending(static one => one.Slot))
        {
            if (cursor.IsDone || !cursor.HasRoomLeft(frame)) return;
            if (!cursor.Wants(frame)) continue; // An older copy of what was taken.

            var (window, lease) = await WindowAsync(cursor.Session, slot, cancellationToken);
            using (lease) window.TakeOne(lease, cursor, frame, slot);
        }
    }

    private async ValueTask<(ReadWindow Window, BlockLease Lease)> WindowAsync(SessionId session, Slot slot, CancellationToken cancellationToken)
    {
        ReadWindow? window;
        BlockLease lease;
        // A window can be evicted between its loading and our look: then it is loaded again.
        while (!_cache.TryGet(session, slot, out window, out lease)) await _cache.LoadAsync(session, slot).WaitAsync(cancellationToken);
        return (window, lease);
    }
}
