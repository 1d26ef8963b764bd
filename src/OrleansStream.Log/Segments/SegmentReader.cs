using OrleansStream.Log.Blocks;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Model;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Records;

namespace OrleansStream.Log.Segments;

/// <summary>
/// Reads segments: whole runs by ranges, found by the sparse index, of which those read last are kept. It caches no frames: on files the page cache has
/// them. Safe for any number of callers; where reads run is the store's matter.
/// </summary>
/// <param name="objects">Where segments stand.</param>
/// <param name="slabs">For what is read.</param>
/// <param name="options">Bounds; valid.</param>
public sealed class SegmentReader(IObjectStore objects, SlabPool slabs, SegmentOptions options) : IExtentReader
{
    // With the trailer most footers come in one read: this many bytes hold the index of 64 MiB in runs of 64 KiB.
    private const int FirstFooterRead = 64 * Limits.KiB;

    private readonly FooterCache _footers = new(options.IndexCacheBytes);

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
            if (!await ReadRunsAsync((partition, segment), footer.Runs.Slice(index, count).ToArray(), new Window(into, from, maxBytes - taken, into.Count > before), cancellationToken)) return;
            index += count;
            taken = BytesSince(into, before);
        }
    }

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
    private async ValueTask<bool> ReadRunsAsync((PartitionId Partition, SegmentExtent Segment) of, SegmentRun[] runs, Window window, CancellationToken cancellationToken)
    {
        var start = runs[0].Position;
        var length = (int)(runs[^1].End - start);
        using var lease = await ReadRangeAsync(of.Segment.Name, start, length, cancellationToken);
        foreach (var run in runs)
        {
            if (!Take(of, run, start, lease, ref window)) return false;
        }

        return true;
    }

    private async ValueTask<BlockLease> ReadRangeAsync(string name, long position, int length, CancellationToken cancellationToken)
    {
        var slab = slabs.Rent(length);
        try
        {
            var read = await objects.ReadAsync(name, position, slab.Memory[..length], cancellationToken);
            if (read < 0) throw new LogException($"The segment '{name}' is missing.");
            if (read < length) throw new CorruptBlockException(name, position + read, $"the segment ends here; {length - read} bytes more were expected.");
            return Block.OfRead(slabs, slab, length);
        }
        catch
        {
            slab.Return();
            throw;
        }
    }

    private static bool Take((PartitionId Partition, SegmentExtent Segment) of, in SegmentRun run, long start, in BlockLease lease, ref Window window)
    {
        var memory = lease.Memory.Span;
        var first = (int)(run.Position - start);
        var framesEnd = first + run.Length - run.DirectoryBytes;
        var lines = memory.Slice(framesEnd, run.DirectoryBytes);
        var found = Crc32C.Hash(lines);
        if (found != run.Checksum)
            throw new CorruptBlockException(of.Segment.Name, start + framesEnd, $"partition {of.Partition}, offsets {run.BaseOffset} to {run.LastOffset}: the run's directory has checksum {found:x8}, the index says {run.Checksum:x8}.");

        var position = first;
        for (var i = 0; i < run.Frames; i++)
        {
            var entry = SegmentLine.Read(lines[(i * SegmentLayout.LineBytes)..], of.Partition, position);
            if (entry.Length < 0 || entry.Length > framesEnd - position) throw new CorruptBlockException(of.Segment.Name, start + position, $"the frame at offset {entry.BaseOffset} claims {entry.Length} bytes of {framesEnd - position}.");
            position += entry.Length;
            if (entry.LastOffset < window.From) continue;
            if (!window.Admits(entry.Length)) return false;

            var crc = Crc32C.Hash(memory.Slice(entry.Position, entry.Length));
            if (crc != entry.Checksum)
                throw new CorruptBlockException(of.Segment.Name, start + entry.Position, $"partition {of.Partition}, offsets {entry.BaseOffset} to {entry.LastOffset}: checksum {crc:x8}, the directory says {entry.Checksum:x8}.");
            if (!window.Into.TryAdd(lease.Block, entry)) window.Into.Add(new LeasedFrame(lease.Again(LeaseHolder.Response), entry));
        }

        return true;
    }

    private async ValueTask<SegmentFooter> ReadFooterAsync(PartitionId partition, SegmentExtent segment, CancellationToken cancellationToken)
    {
        var length = await objects.LengthAsync(segment.Name, cancellationToken);
        if (length < 0) throw new LogException($"The segment '{segment.Name}' is missing.");
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
        var read = await objects.ReadAsync(name, length - bytes, end, cancellationToken);
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
