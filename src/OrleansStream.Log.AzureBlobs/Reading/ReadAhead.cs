using OrleansStream.Log.Segments;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Reading;

/// <summary>
/// Reads ahead of those who read on, as far as limits and cache have room at the moment: a reader who waits goes first. Nobody waits for what is read here.
/// </summary>
internal sealed class ReadAhead(BlockCache cache, BlockDirectories directories, ReadPriority segments, ReadPriority blocks)
{
    // The stretch ahead is read with several requests, so that the first bytes are here before the last.
    private const int Requests = 4;

    // Blocks that are looked at for frames of the partition. A partition with few frames is read ahead of in time, not in bytes.
    private const int MaxBlocks = 32;

    /// <summary>Somebody has read a segment up to a byte.</summary>
    /// <param name="stream">Who.</param>
    /// <param name="name">The segment.</param>
    /// <param name="position">Where the next read begins.</param>
    /// <param name="end">Where the last frame ends.</param>
    public void OnRead(ReadStream stream, string name, long position, long end)
    {
        var ahead = stream.AheadBytes;
        var from = stream.AheadEnd(name, position);
        var to = Math.Min(end, position + ahead);

        // Not for every frame: half of the way at once, or the rest.
        if (to <= from || (to < end && from > position && to - from < ahead / 2)) return;

        var step = (long)Math.Clamp(ahead / Requests / BlockCache.WindowBytes, 1, BlockCache.MaxWindows) * BlockCache.WindowBytes;
        while (from < to)
        {
            var next = Math.Min(to, (from / BlockCache.WindowBytes * BlockCache.WindowBytes) + step);
            if (!cache.TryReadAhead(stream, new ObjectRange(name, from, (int)(next - from), end), segments)) break;
            from = next;
        }

        stream.OnReadAhead(name, from);
    }

    /// <summary>Somebody has read the partition's frames up to a block.</summary>
    /// <param name="stream">Who.</param>
    /// <param name="partition">Whose frames.</param>
    /// <param name="next">The offset that comes next.</param>
    /// <param name="at">The block.</param>
    public void OnRead(ReadStream stream, PartitionId partition, Offset next, (SessionId Session, Slot Slot) at)
    {
        if (stream.AheadBytes > 0 && stream.TryLook(at.Session, at.Slot)) _ = LookAsync(stream, partition, next, at);
    }

    private async Task LookAsync(ReadStream stream, PartitionId partition, Offset next, (SessionId Session, Slot Slot) at)
    {
        cache.Work.Begin();
        try
        {
            var left = (long)stream.AheadBytes;
            for (var slot = at.Slot; left > 0 && slot.Value < at.Slot.Value + MaxBlocks; slot = slot.Next)
            {
                var block = await directories.GetAsync(at.Session, slot, new LoadWish(ReadPriority.Background, blocks), CancellationToken.None);
                if (Ahead(block, partition, next) is not { } range) continue;
                if (!cache.TryReadAhead(stream, range, blocks)) return;
                left -= range.Length;
            }
        }
        catch (Exception failed) when (failed is LogException or ObjectDisposedException)
        {
            // The session ends here, or whoever reads on will hear of it.
        }
        finally
        {
            stream.OnLooked();
            cache.Work.End();
        }
    }

    // From the partition's first frame that is still to come to its last.
    private static ObjectRange? Ahead(BlockDirectory block, PartitionId partition, Offset next)
    {
        long start = long.MaxValue, end = 0;
        foreach (ref readonly var frame in block.FramesOf(partition))
        {
            if (frame.LastOffset < next) continue;
            start = Math.Min(start, frame.Position);
            end = Math.Max(end, (long)frame.Position + frame.Length);
        }

        return end > start ? new ObjectRange(block.Name, start, (int)(end - start), block.FrameEnd) : null;
    }
}
