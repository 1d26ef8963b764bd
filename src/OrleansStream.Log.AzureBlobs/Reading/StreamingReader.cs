using OrleansStream.Log.Blocks;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Producers;
using OrleansStream.Log.Segments;
using OrleansStream.Log.Storage;
using OrleansStream.Model;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Reading;

/// <summary>
/// Reads every kind of extent for one group of readers, with their limits, and reads ahead of those who read on. Whatever asks, reads run on one scheduler: a
/// grain must not verify megabytes within its turn.
/// </summary>
internal sealed class StreamingReader(BlockCache cache, BlockDirectories directories, ReadingGroup group) : IExtentReader
{
    private readonly ReadStreams _streams = new(group.MaxReadAheadBytes);
    private readonly WalExtents _blocks = new(directories, cache, group.Blocks);
    private readonly SegmentReader _segments = new(new CachedRanges(cache, group.Segments), new SegmentOptions { IndexCacheBytes = group.IndexCacheBytes, MaxReadBytes = 8 * Limits.MiB });
    private readonly ReadAhead _ahead = new(cache, directories, group.Segments, group.Blocks);

    /// <summary>Memory of the indexes of segments that are kept.</summary>
    public long IndexBytes => _segments.CachedBytes;

    public ValueTask ReadAsync(PartitionId partition, Extent extent, Offset from, int maxBytes, FrameList into, CancellationToken cancellationToken) =>
        TaskScheduler.Current == group.Scheduler
            ? ReadTwiceAsync(partition, extent, (from, maxBytes), into, cancellationToken)
            : new ValueTask(Task.Factory.StartNew(
                () => ReadTwiceAsync(partition, extent, (from, maxBytes), into, cancellationToken).AsTask(), cancellationToken, TaskCreationOptions.DenyChildAttach, group.Scheduler).Unwrap());

    public ValueTask<ProducerDelta?> ProducersOfAsync(PartitionId partition, Extent extent, CancellationToken cancellationToken) => extent is not SegmentExtent
        ? ValueTask.FromResult<ProducerDelta?>(null)
        : TaskScheduler.Current == group.Scheduler
            ? ProducersAsync(partition, extent, cancellationToken)
            : new ValueTask<ProducerDelta?>(Task.Factory.StartNew(
                () => ProducersAsync(partition, extent, cancellationToken).AsTask(), cancellationToken, TaskCreationOptions.DenyChildAttach, group.Scheduler).Unwrap());

    private async ValueTask<ProducerDelta?> ProducersAsync(PartitionId partition, Extent extent, CancellationToken cancellationToken)
    {
        cache.Work.Begin();
        try
        {
            return await _segments.ProducersOfAsync(partition, extent, cancellationToken);
        }
        catch (ObjectDisposedException)
        {
            throw new LogException($"Partition {partition}: the reader of blobs is closed, as its broker ends.");
        }
        finally
        {
            cache.Work.End();
        }
    }

    // Damage is read again once: it may have come about on the way. What stands before it is given; whoever reads on begins at it, and hears of it then.
    private async ValueTask ReadTwiceAsync(PartitionId partition, Extent extent, (Offset From, int MaxBytes) wanted, FrameList into, CancellationToken cancellationToken)
    {
        var before = into.Count;
        cache.Work.Begin();
        try
        {
            for (var isRepeated = false; ; isRepeated = true)
            {
                try
                {
                    await ReadOnceAsync(partition, extent, wanted, into, cancellationToken);
                    return;
                }
                catch (CorruptBlockException damage)
                {
                    cache.Discard(damage.Location);
                    if (into.Count > before) return;
                    if (isRepeated) throw;
                }
                catch (LogException) when (into.Count > before)
                {
                    return;
                }
            }
        }
        catch (ObjectDisposedException)
        {
            // Who reads expects storage to fail, not the broker to end under him.
            throw new LogException($"Partition {partition}: the reader of blobs is closed, as its broker ends.");
        }
        finally
        {
            cache.Work.End();
        }
    }

    private async ValueTask ReadOnceAsync(PartitionId partition, Extent extent, (Offset From, int MaxBytes) wanted, FrameList into, CancellationToken cancellationToken)
    {
        var before = into.Count;
        var stream = _streams.Of(partition, wanted.From);
        if (extent is SegmentExtent segment)
        {
            await _segments.ReadAsync(partition, segment, wanted.From, wanted.MaxBytes, into, cancellationToken);
            if (into.Count == before) return;

            var next = into[into.Count - 1].Entry.LastOffset + 1;
            stream.Advance(wanted.From, next, at: null);
            if (_segments.TryLocate(segment, next, out var position, out var end)) _ahead.OnRead(stream, segment.Name, position, end);
        }
        else
        {
            var wal = (WalExtent)extent;
            var slot = await _blocks.ReadAsync(new WalRequest(partition, wal, wanted.From, wanted.MaxBytes), stream.ResumeAt(wal.Session, wanted.From), into, cancellationToken);
            if (into.Count == before) return;

            var next = into[into.Count - 1].Entry.LastOffset + 1;

            // An open asks for extents side by side itself, and knows where they end.
            (SessionId Session, Slot Slot)? at = slot is { } last ? (wal.Session, last) : null;
            stream.Advance(wanted.From, next, at);
            if (at is { } block && group.Blocks != ReadPriority.Open) _ahead.OnRead(stream, partition, next, block);
        }
    }
}

/// <summary>What one group of readers may take.</summary>
/// <param name="Blocks">Its priority for WAL extents.</param>
/// <param name="Segments">Its priority for segments.</param>
/// <param name="MaxReadAheadBytes">The furthest that one reader is read ahead of.</param>
/// <param name="IndexCacheBytes">For indexes of segments.</param>
/// <param name="Scheduler">Where reads run.</param>
internal sealed record ReadingGroup(ReadPriority Blocks, ReadPriority Segments, int MaxReadAheadBytes, long IndexCacheBytes, TaskScheduler Scheduler);
