using System.Collections.Immutable;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Serving;

/// <summary>The reading half of a partition handle: tail cache first, without waiting; then extents.</summary>
internal sealed class LogReader(PartitionId partition, ServingParts parts, ILane lane, PublishedLog log)
{
    private CorruptBlockException? _damage;

    /// <summary>
    /// Reads the manifest anew and puts it into force, or closes the handle if the partition has another owner (rule D2). Null where nobody but this process
    /// can have changed it: then the one at hand is the newest.
    /// </summary>
    public Func<CancellationToken, ValueTask>? Reload { get; init; }

    /// <summary>The damage that a read last met; null if none did. It does not heal, so whoever cannot go without what stands there may stop at it.</summary>
    public CorruptBlockException? Damage => Volatile.Read(ref _damage);

    /// <summary>Reads as <see cref="PartitionHandle.ReadAsync"/> says.</summary>
    /// <param name="request">What is wanted.</param>
    /// <param name="logEnd">Where the next append goes: an offset up to there is no error, though nothing can be read at it yet.</param>
    /// <param name="into">Empty.</param>
    /// <param name="cancellationToken">Ends a read of extents.</param>
    public ValueTask<ReadOutcome> ReadAsync(in ReadRequest request, Offset logEnd, FrameList into, CancellationToken cancellationToken)
    {
        // The offsets before the data, so that the answer never claims more than was offered; lowest first, so that they are in order.
        var logStart = log.LogStart;
        var stable = log.LastStableOffset;
        var highWatermark = log.HighWatermark;
        if (log.Closed != ErrorCode.None) return new(Failure(log.Closed));
        if (request.From < logStart || request.From > Offset.Max(logEnd, highWatermark)) return new(Failure(ErrorCode.OffsetOutOfRange));

        var outcome = new ReadOutcome(ErrorCode.None, highWatermark, stable, logStart);
        var end = request.Committed ? stable : highWatermark;
        if (request.From >= end) return new(outcome);

        var limits = new ReadLimits(request.From.Value, end.Value, request.MaxBytes, request.AtLeastOne);
        return log.TryReadTail(limits, into) ? new(outcome) : ReadThroughAsync(limits, outcome, into, cancellationToken);
    }

    /// <summary>Reads what stands in the limits, wherever it is. Answers None, or why nothing could be read.</summary>
    public async ValueTask<ErrorCode> ReadAsync(ReadLimits limits, FrameList into, CancellationToken cancellationToken)
    {
        var at = limits.From;
        while (at < limits.End && !log.TryReadTail(limits with { From = at }, into))
        {
            var next = await ReadExtentAsync(limits with { From = at }, into, cancellationToken);
            if (next < 0 && into.Count == 0) return WhyNot(at);
            if (next <= at) break;
            at = next;
        }

        return ErrorCode.None;
    }

    /// <summary>The extent that holds the offset: of the manifest, or of the lane's index; null if there is none.</summary>
    public Extent? Locate(long offset)
    {
        var extents = log.Manifest.Extents;
        var index = IndexOf(extents, offset);
        if (index < extents.Length && extents[index].BaseOffset.Value <= offset) return extents[index];

        // The first one that ends at or above the offset is the only one that can hold it.
        var own = new List<WalExtent>(1);
        lane.Index.CopyTo(partition, new Offset(offset), own, limit: 1);
        return own.Count > 0 && own[0].BaseOffset.Value <= offset ? own[0] : null;
    }

    /// <summary>All extents with an offset at or above this one, in offset order.</summary>
    public List<Extent> ExtentsFrom(long offset)
    {
        // The index first: what the splitter moves meanwhile goes into the manifest before the index forgets it, so it is seen once at least.
        var own = new List<WalExtent>();
        lane.Index.CopyTo(partition, new Offset(offset), own);
        var manifest = log.Manifest;
        var extents = new List<Extent>();
        for (var index = IndexOf(manifest.Extents, offset); index < manifest.Extents.Length; index++) extents.Add(manifest.Extents[index]);
        foreach (var extent in own)
        {
            if (extent.LastOffset >= manifest.ExtentsEnd) extents.Add(extent);
        }

        return extents;
    }

    internal static ReadOutcome Failure(ErrorCode error) => new(error, Offset.None, Offset.None, Offset.None);

    // The first extent that ends at or above the offset.
    private static int IndexOf(ImmutableArray<Extent> extents, long offset)
    {
        int low = 0, high = extents.Length;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (extents[middle].LastOffset.Value < offset) low = middle + 1;
            else high = middle;
        }

        return low;
    }

    private async ValueTask<ReadOutcome> ReadThroughAsync(ReadLimits limits, ReadOutcome outcome, FrameList into, CancellationToken cancellationToken)
    {
        var error = await ReadAsync(limits, into, cancellationToken);
        return error == ErrorCode.None ? outcome : Failure(error);
    }

    // Twice, each time with fresh views: between the look at the manifest and that at the index an extent may have moved from one to the other,
    // its blocks may have been trimmed, and a damaged read is tried once more. An object that is gone may have been replaced by whoever owns the
    // partition by now: then the manifest is read anew, once (rule D2).
    // Answers where to go on, the same offset if the limits are reached, -1 if there is nothing to be had.
    private async ValueTask<long> ReadExtentAsync(ReadLimits limits, FrameList into, CancellationToken cancellationToken)
    {
        LogException? failure = null;
        for (var attempt = 0; attempt < 2; attempt++)
        {
            if (Locate(limits.From) is not { } extent)
            {
                failure ??= new LogException($"Partition {partition}: no extent holds offset {limits.From}, which is below the high watermark.");
                continue;
            }

            var before = into.Count;
            try
            {
                var room = Math.Clamp(limits.MaxBytes - into.Bytes, 0, int.MaxValue);
                await parts.Extents.ReadAsync(partition, extent, new Offset(limits.From), (int)room, into, cancellationToken);
                return Keep(limits, extent, before, into);
            }
            catch (LogException broken)
            {
                into.Cut(before);
                failure = broken;
                if (attempt == 0 && broken is MissingObjectException) await TryReloadAsync(cancellationToken);
            }
        }

        if (WhyNot(limits.From) != ErrorCode.KafkaStorageError) return -1;
        if (failure is CorruptBlockException damage) Volatile.Write(ref _damage, damage);
        parts.OnReadFailed?.Invoke(partition, new Offset(limits.From), failure!);
        return -1;
    }

    // The manifest at hand stays good where no newer one can be had: what it names is looked for again.
    private async ValueTask TryReloadAsync(CancellationToken cancellationToken)
    {
        if (Reload is null) return;
        try
        {
            await Reload(cancellationToken);
        }
        catch (LogException)
        {
        }
    }

    // What the reader gave may go beyond the end (published after the snapshot) or be larger than allowed (the first frame it gives always).
    private static long Keep(ReadLimits limits, Extent extent, int before, FrameList into)
    {
        var kept = before;
        var bytes = before == 0 ? 0 : BytesOf(into, before);
        while (kept < into.Count && into[kept].Entry.BaseOffset.Value < limits.End)
        {
            var length = into[kept].Entry.Length;
            if (bytes + length > limits.MaxBytes && !(limits.AtLeastOne && kept == 0)) break;
            bytes += length;
            kept++;
        }

        // Nothing here from the offset on: the rest of the extent is a gap.
        if (into.Count == before) return extent.LastOffset.Value + 1;

        var cut = kept < into.Count;
        into.Cut(kept);
        if (kept == before) return limits.From;
        var next = into[kept - 1].Entry.LastOffset.Value + 1;

        // The reader stopped short of the extent's end since more did not fit: asking again would only fetch one frame to throw it away.
        return cut || next <= extent.LastOffset.Value ? limits.From : next;
    }

    private static long BytesOf(FrameList list, int count)
    {
        long bytes = 0;
        for (var index = 0; index < count; index++) bytes += list[index].Entry.Length;
        return bytes;
    }

    // What changed while we read explains a failure better than the storage does.
    private ErrorCode WhyNot(long offset) =>
        log.Closed != ErrorCode.None ? log.Closed
        : offset < log.LogStart.Value ? ErrorCode.OffsetOutOfRange
        : ErrorCode.KafkaStorageError;
}
