using OrleansStream.Log.Blocks;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Producers;
using OrleansStream.Log.Storage;
using OrleansStream.Model;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Records;

namespace OrleansStream.Log.Segments;

/// <summary>
/// Reads segments: whole runs by ranges, found by the sparse index, of which those read last are kept. It caches no frames: on files the page cache has
/// them. Safe for any number of callers; where reads run is the store's matter.
/// </summary>
/// <param name="ranges">Where bytes of segments come from.</param>
/// <param name="options">Bounds; valid.</param>
public sealed class SegmentReader(IObjectRanges ranges, SegmentOptions options) : IExtentReader
{
    // With the trailer most footers come in one read: this many bytes hold the index of 64 MiB in runs of 64 KiB.
    private const int FirstFooterRead = 64 * Limits.KiB;

    private readonly FooterCache _footers = new(options.IndexCacheBytes);

    /// <param name="objects">Where segments stand.</param>
    /// <param name="slabs">For what is read.</param>
    /// <param name="options">Bounds; valid.</param>
    public SegmentReader(IObjectStore objects, SlabPool slabs, SegmentOptions options)
        : this(new StoredRanges(objects, slabs), options)
    {
    }

    /// <summary>Memory of the indexes that are kept.</summary>
    public long CachedBytes => _footers.Bytes;

    /// <inheritdoc/>
    public async ValueTask ReadAsync(PartitionId partition, Extent extent, Offset from, int maxBytes, FrameList into, CancellationToken cancellationToken)
    {
        if (extent is not SegmentExtent segment) throw new ArgumentException($"{extent.GetType().Name} is not read here.", nameof(extent));

        var footer = _footers.Find(segment.Name) ?? await ReadFooterAsync(partition, segment, cancellationToken);
        var before = into.Count;
        long taken = 0;
        for (var index = footer.IndexOf(from); index < footer.Runs.Length && (into.Count == before || taken < maxBytes);)
        {
            var count = RunsFor(footer, index, Math.Min(options.MaxReadBytes, maxBytes - taken));
            if (!await ReadRunsAsync((partition, segment), footer.DataBytes, footer.Runs.Slice(index, count).ToArray(), new Window(into, from, maxBytes - taken, into.Count > before), cancellationToken)) return;
            index += count;
            taken = BytesSince(into, before);
        }
    }

    /// <summary>Where in the segment the run of an offset begins, and where the last one ends, if the segment's index is at hand: for whoever reads ahead.</summary>
    public bool TryLocate(SegmentExtent segment, Offset from, out long position, out long end)
    {
        position = end = 0;
        if (_footers.Find(segment.Name) is not { } footer) return false;

        var index = footer.IndexOf(from);
        if (index == footer.Runs.Length) return false;

        position = footer.Runs[index].Position;
        end = footer.DataBytes;
        return true;
    }

    /// <inheritdoc/>
    public async ValueTask<ProducerDelta?> ProducersOfAsync(PartitionId partition, Extent extent, CancellationToken cancellationToken) => extent is SegmentExtent segment
        ? (_footers.Find(segment.Name) ?? await ReadFooterAsync(partition, segment, cancellationToken)).Producers
        : throw new ArgumentException($"{extent.GetType().Name} is not read here.", nameof(extent));

    // At least one run: it may hold a frame that is larger than all that is wanted.
    private static int RunsFor(SegmentFooter footer, int first, long maxBytes)
    {
        var runs = footer.Runs;
        var count = 1;
        long bytes = runs[first].Length;
        while (first + count < runs.Length && bytes < maxBytes && bytes + runs[first + count].Length <= Limits.MaxBlockBytes) bytes += runs[first + count++].Length;
        return count;
    }

    private static long BytesSince(FrameList list, int first)
    {
        long bytes = 0;
        for (var i = first; i < list.Count; i++) bytes += list[i].Entry.Length;
        return bytes;
    }

    // False if there is no room for more.
    private async ValueTask<bool> ReadRunsAsync((PartitionId Partition, SegmentExtent Segment) of, long dataBytes, SegmentRun[] runs, Window window, CancellationToken cancellationToken)
    {
        var start = runs[0].Position;
        using var range = await ranges.LeaseAsync(new ObjectRange(of.Segment.Name, start, (int)(runs[^1].End - start), dataBytes), cancellationToken);
        foreach (var run in runs)
        {
            if (!Take(of, run, range.Take(run.Position, run.Length), ref window)) return false;
        }

        return true;
    }

    private static bool Take((PartitionId Partition, SegmentExtent Segment) of, in SegmentRun run, in LeasedPart part, ref Window window)
    {
        var memory = part.Lease.Memory.Span;
        var framesEnd = part.Start + run.Length - run.DirectoryBytes;
        var inObject = run.Position - part.Start; // What a place in memory is off by from that in the object.
        var lines = memory.Slice(framesEnd, run.DirectoryBytes);
        var found = Crc32C.Hash(lines);
        if (found != run.Checksum)
            throw new CorruptBlockException(of.Segment.Name, inObject + framesEnd, $"partition {of.Partition}, offsets {run.BaseOffset} to {run.LastOffset}: the run's directory has checksum {found:x8}, the index says {run.Checksum:x8}.");

        var position = part.Start;
        for (var i = 0; i < run.Frames; i++)
        {
            var entry = SegmentLine.Read(lines[(i * SegmentLayout.LineBytes)..], of.Partition, position);
            if (entry.Length < 0 || entry.Length > framesEnd - position) throw new CorruptBlockException(of.Segment.Name, inObject + position, $"the frame at offset {entry.BaseOffset} claims {entry.Length} bytes of {framesEnd - position}.");
            position += entry.Length;
            if (entry.LastOffset < window.From) continue;
            if (!window.Admits(entry.Length)) return false;

            var crc = Crc32C.Hash(memory.Slice(entry.Position, entry.Length));
            if (crc != entry.Checksum)
                throw new CorruptBlockException(of.Segment.Name, inObject + entry.Position, $"partition {of.Partition}, offsets {entry.BaseOffset} to {entry.LastOffset}: checksum {crc:x8}, the directory says {entry.Checksum:x8}.");
            if (!window.Into.TryAdd(part.Lease.Block, entry)) window.Into.Add(new LeasedFrame(part.Lease.Again(LeaseHolder.Response), entry));
        }

        return true;
    }

    private async ValueTask<SegmentFooter> ReadFooterAsync(PartitionId partition, SegmentExtent segment, CancellationToken cancellationToken)
    {
        var length = await ranges.LengthAsync(segment.Name, cancellationToken);
        if (length < 0) throw new MissingObjectException(segment.Name);
        if (length < SegmentLayout.TrailerBytes) throw new CorruptBlockException(segment.Name, 0, $"the object has {length} bytes, fewer than a segment's trailer.");

        var end = await ReadEndAsync(segment.Name, length, (int)Math.Min(length, FirstFooterRead), cancellationToken);
        var footerBytes = SegmentFooter.LengthOf(segment.Name, length, end);
        if (footerBytes > end.Length) end = await ReadEndAsync(segment.Name, length, footerBytes, cancellationToken);
        var expected = new SegmentTrailer
        {
            Partition = partition,
            Epoch = segment.Epoch,
            BaseOffset = segment.BaseOffset,
            LastOffset = segment.LastOffset,
            MaxTimestampMs = segment.MaxTimestampMs,
        };
        var footer = SegmentFooter.Read(segment.Name, length, end.AsSpan(end.Length - footerBytes), expected);
        _footers.Add(segment.Name, footer);
        return footer;
    }

    private async ValueTask<byte[]> ReadEndAsync(string name, long length, int bytes, CancellationToken cancellationToken)
    {
        var end = new byte[bytes];
        var read = await ranges.ReadAsync(name, length - bytes, end, cancellationToken);
        return read == bytes ? end : throw new CorruptBlockException(name, length - bytes, $"{bytes} bytes were expected at the end, {read} are there.");
    }

    /// <summary>What is wanted, where it goes, and how much room is left. The first frame is given whatever its size.</summary>
    private record struct Window(FrameList Into, Offset From, long Room, bool HasOne)
    {
        public bool Admits(int length)
        {
            if (HasOne && length > Room) return false;
            HasOne = true;
            Room -= length;
            return true;
        }
    }
}
