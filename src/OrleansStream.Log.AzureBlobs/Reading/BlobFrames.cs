using OrleansStream.Log.Blocks;
using OrleansStream.Log.Segments;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Records;

namespace OrleansStream.Log.AzureBlobs.Reading;

/// <summary>
/// Reads frames of blocks for the broker's own work, which mostly comes to each block once: exactly what is wanted of it, past the cache, whose windows would hold
/// parts of frames that nobody wants. A block of which some is wanted here and there goes through the cache: the rest of it is wanted next.
/// </summary>
internal sealed class BlobFrames(BlockDirectories directories, BlockCache cache, (SlabPool Slabs, TaskScheduler Scheduler) where) : IBlockFrames
{
    public bool IsKnownToLack(SessionId session, Slot slot, FrameFilter isWanted)
    {
        if (directories.Find(session, slot) is not { } block) return false;
        foreach (ref readonly var frame in block.Frames)
        {
            if (isWanted(frame)) return false;
        }

        return true;
    }

    public ValueTask<int> ReadAsync(SessionId session, Slot slot, FrameFilter isWanted, FrameList into, CancellationToken cancellationToken) =>
        TaskScheduler.Current == where.Scheduler
            ? ReadHereAsync(session, slot, isWanted, into, cancellationToken)
            : new ValueTask<int>(Task.Factory.StartNew(
                () => ReadHereAsync(session, slot, isWanted, into, cancellationToken).AsTask(), cancellationToken, TaskCreationOptions.DenyChildAttach, where.Scheduler).Unwrap());

    private async ValueTask<int> ReadHereAsync(SessionId session, Slot slot, FrameFilter isWanted, FrameList into, CancellationToken cancellationToken)
    {
        cache.Work.Begin();
        try
        {
            var isKnown = directories.Find(session, slot) is not null;
            var block = await directories.GetAsync(session, slot, new LoadWish(ReadPriority.Background, ReadPriority.Background), cancellationToken);
            var wanted = Wanted(block, isWanted);
            return (isKnown ? 0 : block.Requests) + (wanted.Count > 0 ? await ReadAsync(block, wanted, into, cancellationToken) : 0);
        }
        catch (CorruptBlockException damage)
        {
            cache.Discard(damage.Location); // It may have come about on the way: whoever tries again is to read it again.
            throw;
        }
        catch (ObjectDisposedException)
        {
            // Who reads expects storage to fail, not the broker to end under him.
            throw new LogException($"Session {session}, slot {slot}: the reader of blobs is closed, as its broker ends.");
        }
        finally
        {
            cache.Work.End();
        }
    }

    private static List<FrameEntry> Wanted(BlockDirectory block, FrameFilter isWanted)
    {
        var wanted = new List<FrameEntry>();
        foreach (ref readonly var frame in block.Frames)
        {
            if (isWanted(frame)) wanted.Add(frame);
        }

        return wanted;
    }

    // Answers how many requests it took.
    private async ValueTask<int> ReadAsync(BlockDirectory block, List<FrameEntry> wanted, FrameList into, CancellationToken cancellationToken)
    {
        var ranges = RangesOf(wanted);
        var requests = ranges.Sum(range => IsCached(block, range) ? cache.RequestsFor(RangeOf(block, range)) : 1);
        var reads = ranges.ConvertAll(range => LeaseAsync(block, range, cancellationToken));
        try
        {
            foreach (var read in reads) await read;
            foreach (var frame in wanted) Take(block, frame, await reads[ranges.FindLastIndex(range => range.Start <= frame.Position)], into);
            return requests;
        }
        finally
        {
            foreach (var read in reads) await ReturnAsync(read);
        }
    }

    // Wanted frames with little between them are one range: another request would cost more than those bytes.
    private static List<WantedRange> RangesOf(List<FrameEntry> wanted)
    {
        var ranges = new List<WantedRange>();
        foreach (var frame in wanted.OrderBy(static frame => frame.Position))
        {
            var end = frame.Position + frame.Length;
            if (ranges.Count > 0 && frame.Position - ranges[^1].End <= WalExtents.MaxGapBytes) ranges[^1] = ranges[^1] with { End = Math.Max(ranges[^1].End, end), Wanted = ranges[^1].Wanted + frame.Length };
            else ranges.Add(new WantedRange(frame.Position, end, frame.Length));
        }

        return ranges;
    }

    // A small block comes as a whole with its directory where that was read, and is in the cache then.
    private static bool IsCached(BlockDirectory block, in WantedRange wanted)
    {
        var isScattered = wanted.Wanted < wanted.Length && wanted.Length > block.FrameEnd / 2;
        return isScattered || block.FrameEnd <= BlockDirectories.FirstReadBytes;
    }

    private static ObjectRange RangeOf(BlockDirectory block, in WantedRange wanted) => new(block.Name, wanted.Start, wanted.Length, block.FrameEnd);

    private async Task<LeasedRange> LeaseAsync(BlockDirectory block, WantedRange wanted, CancellationToken cancellationToken)
    {
        if (IsCached(block, wanted)) return await cache.LeaseAsync(RangeOf(block, wanted), ReadPriority.Background, cancellationToken);

        var (start, length) = (wanted.Start, wanted.Length);
        var read = await cache.Reads.ReadAsync(new BlobRange(block.Name, start, length), BlobReads.TicketOf(ReadPriority.Background, length), cancellationToken);
        if (read.Length < length)
        {
            read.Slab.Return();
            throw new CorruptBlockException(block.Name, start + read.Length, $"the block ends here; {length - read.Length} bytes more of its frames were expected.");
        }

        var range = new LeasedRange(where.Slabs);
        range.Add(Block.OfRead(where.Slabs, read.Slab, length), 0, start, length);
        return range;
    }

    private static void Take(BlockDirectory block, in FrameEntry frame, LeasedRange range, FrameList into)
    {
        var part = range.Take(frame.Position, frame.Length);
        var found = Crc32C.Hash(part.Lease.Memory.Span.Slice(part.Start, frame.Length));
        if (found != frame.Checksum) throw new CorruptBlockException(block.Name, frame.Position, BlockCodec.DescribeBadFrame(block.Slot, frame, found));

        var entry = frame with { Position = part.Start };
        if (!into.TryAdd(part.Lease.Block, entry)) into.Add(new LeasedFrame(part.Lease.Again(LeaseHolder.Splitter), entry));
    }

    private static async ValueTask ReturnAsync(Task<LeasedRange> range)
    {
        try
        {
            (await range).Dispose();
        }
        catch (Exception failed) when (failed is LogException or OperationCanceledException or ObjectDisposedException)
        {
            // Whoever wanted it has heard of it.
        }
    }

    /// <summary>Bytes of a block, and how many of them are wanted.</summary>
    private readonly record struct WantedRange(int Start, int End, int Wanted)
    {
        public int Length => End - Start;
    }
}
