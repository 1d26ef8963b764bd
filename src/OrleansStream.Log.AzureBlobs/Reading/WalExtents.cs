using OrleansStream.Log.Blocks;
using OrleansStream.Log.Segments;
using OrleansStream.Log.Storage;
using OrleansStream.Model;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Records;

namespace OrleansStream.Log.AzureBlobs.Reading;

/// <summary>Reads WAL extents: finds a partition's frames by the directories of blocks, and takes them out of ranges of those blocks.</summary>
internal sealed class WalExtents(BlockDirectories directories, BlockCache cache, ReadPriority priority)
{
    /// <summary>Frames of one block with fewer bytes between them are read as one range: another request would cost more than those bytes.</summary>
    public const int MaxGapBytes = 256 * Limits.KiB;

    private const int MaxRangeBytes = BlockCache.MaxWindows * BlockCache.WindowBytes;

    // Slots that are looked at ahead of the walk. Beginning with one: most extents are found in the first few.
    private const int MaxLooks = 16;

    // Blocks that are read for one reader at once. What has come waits for its turn and is held meanwhile.
    private const int MaxBlocks = 8;

    /// <summary>Adds frames as <see cref="IExtentReader.ReadAsync"/> says.</summary>
    /// <returns>The slot with the last of them, if they stand in the order of slots: where the next read may go on.</returns>
    public async ValueTask<Slot?> ReadAsync(WalRequest request, Slot? resumeAt, FrameList into, CancellationToken cancellationToken)
    {
        var walk = new WalWalk(request, resumeAt);
        await WalkAsync(walk, cancellationToken);
        var frames = walk.Take();
        await TakeAsync(request.Partition, frames, into, cancellationToken);
        return IsInSlotOrder(frames) ? frames[^1].Block.Slot : null;
    }

    private static bool IsInSlotOrder(List<WalkedFrame> frames)
    {
        for (var index = 1; index < frames.Count; index++)
        {
            if (frames[index].Block.Slot < frames[index - 1].Block.Slot) return false;
        }

        return frames.Count > 0;
    }

    private async ValueTask WalkAsync(WalWalk walk, CancellationToken cancellationToken)
    {
        // Whoever wants all of the extent looks at each of its slots anyway.
        var depth = walk.WantsAll ? MaxLooks : 1;
        try
        {
            while (!walk.IsDone)
            {
                var stretch = walk.Next();
                try
                {
                    depth = await LookAsync(walk, stretch, depth, cancellationToken);
                }
                catch (LogException) when (stretch.Side == WalkSide.Low)
                {
                    walk.CloseLow();
                }
            }
        }
        catch (CorruptBlockException damage)
        {
            throw new CorruptBlockException(damage.Location, damage.Position, $"looked for {walk.Wanted}: {damage.Detail}");
        }
    }

    private async ValueTask<int> LookAsync(WalWalk walk, WalkStretch stretch, int depth, CancellationToken cancellationToken)
    {
        var looks = new Queue<Task<BlockDirectory>>();
        try
        {
            for (var next = stretch.First; !walk.IsDone && (looks.Count > 0 || next <= stretch.Last);)
            {
                for (; next <= stretch.Last && looks.Count < depth; next = next.Next) looks.Enqueue(directories.GetAsync(walk.Session, next, new LoadWish(priority, priority), cancellationToken).AsTask());
                walk.Look(await looks.Dequeue(), stretch);
                depth = Math.Min(depth * 2, MaxLooks);
            }

            return depth;
        }
        finally
        {
            foreach (var left in looks) _ = ForgetAsync(left);
        }
    }

    // Where a walk ends early, the blocks that were asked for are mostly those that the next read begins with.
    private static async Task ForgetAsync(Task look)
    {
        try
        {
            await look;
        }
        catch (Exception failed) when (failed is LogException or OperationCanceledException or ObjectDisposedException)
        {
        }
    }

    private async ValueTask TakeAsync(PartitionId partition, List<WalkedFrame> frames, FrameList into, CancellationToken cancellationToken)
    {
        var reads = new Queue<(int First, int End, Task<LeasedRange> Range)>();
        try
        {
            for (var next = 0; next < frames.Count || reads.Count > 0;)
            {
                for (; next < frames.Count && reads.Count < MaxBlocks; next = reads.Last().End) reads.Enqueue(Begin(frames, next, cancellationToken));
                var (first, end, read) = reads.Dequeue();
                using var range = await RangeAsync(partition, frames, (first, end), read);
                for (var index = first; index < end; index++) Take(frames[index], range, into);
            }
        }
        finally
        {
            foreach (var left in reads) _ = ReturnAsync(left.Range);
        }
    }

    private (int First, int End, Task<LeasedRange> Range) Begin(List<WalkedFrame> frames, int first, CancellationToken cancellationToken)
    {
        var block = frames[first].Block;
        var position = frames[first].Frame.Position;
        var end = RangeEnd(frames, first, out var length);
        return (first, end, cache.LeaseAsync(new ObjectRange(block.Name, position, length, block.FrameEnd), priority, cancellationToken).AsTask());
    }

    // The frame after the last one that is read with the first in one range.
    private static int RangeEnd(List<WalkedFrame> frames, int first, out int length)
    {
        var start = frames[first].Frame.Position;
        length = frames[first].Frame.Length;
        var index = first + 1;
        for (; index < frames.Count && ReferenceEquals(frames[index].Block, frames[first].Block); index++)
        {
            var frame = frames[index].Frame;
            var gap = frame.Position - start - length;
            if (gap is < 0 or > MaxGapBytes || frame.Position + frame.Length - start > MaxRangeBytes) break;
            length = frame.Position + frame.Length - start;
        }

        return index;
    }

    private static async Task<LeasedRange> RangeAsync(PartitionId partition, List<WalkedFrame> frames, (int First, int End) of, Task<LeasedRange> read)
    {
        try
        {
            return await read;
        }
        catch (CorruptBlockException damage)
        {
            throw new CorruptBlockException(damage.Location, damage.Position, $"partition {partition}, offsets {frames[of.First].Frame.BaseOffset} to {frames[of.End - 1].Frame.LastOffset}: {damage.Detail}");
        }
    }

    private static void Take(in WalkedFrame walked, LeasedRange range, FrameList into)
    {
        var frame = walked.Frame;
        var part = range.Take(frame.Position, frame.Length);
        var found = Crc32C.Hash(part.Lease.Memory.Span.Slice(part.Start, frame.Length));
        if (found != frame.Checksum) throw new CorruptBlockException(walked.Block.Name, frame.Position, BlockCodec.DescribeBadFrame(walked.Block.Slot, frame, found));

        var entry = frame with { Position = part.Start };
        if (!into.TryAdd(part.Lease.Block, entry)) into.Add(new LeasedFrame(part.Lease.Again(LeaseHolder.Response), entry));
    }

    private async Task ReturnAsync(Task<LeasedRange> read)
    {
        cache.Work.Begin();
        try
        {
            (await read).Dispose();
        }
        catch (Exception failed) when (failed is LogException or OperationCanceledException or ObjectDisposedException)
        {
            // The read has failed for the same reason, or an earlier one.
        }
        finally
        {
            cache.Work.End();
        }
    }
}
