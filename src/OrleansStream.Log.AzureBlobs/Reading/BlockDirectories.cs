using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Storage;
using OrleansStream.Model;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Reading;

/// <summary>
/// Finds directories of blocks: those that are kept, or in the block itself, at whose end they stand. A block is read from its start first, so far that a small
/// one comes as a whole with that request; then its frames are in the cache, too.
/// </summary>
internal sealed class BlockDirectories
{
    /// <summary>What is read of a block first. Less would save no time, and cost most blocks a second request.</summary>
    public const int FirstReadBytes = 256 * Limits.KiB;

    // A copy of more lines would go to the heap of large objects, once for each block that is written.
    private const int MostFramesKept = 1_024;

    private readonly BlockCache _cache;
    private readonly ReadCounts _counts;
    private readonly DirectoryCache _kept;

    private readonly SharedLoads<(SessionId Session, Slot Slot), BlockDirectory> _loads;
    private readonly int _clusterGeneration;

    public BlockDirectories(BlobReadingSetup setup, BlockCache cache, (ReadPermits Permits, ReadCounts Counts) shared)
    {
        _cache = cache;
        _counts = shared.Counts;
        _clusterGeneration = setup.ClusterGeneration;
        _kept = new DirectoryCache(setup.Options.DirectoryCacheBytes);
        _loads = new SharedLoads<(SessionId Session, Slot Slot), BlockDirectory>(ReadAsync, shared.Permits, cache.Work);
    }

    /// <summary>Memory of the directories that are kept.</summary>
    public long CachedBytes => _kept.Bytes;

    /// <summary>Verified. Kept for the next reader.</summary>
    /// <param name="session">Of the lane.</param>
    /// <param name="slot">Where the block stands.</param>
    /// <param name="wish">Where to wait, and for whom. Several who wait for one directory share a load, which is as urgent as for the first of them.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="MissingObjectException">Nothing stands in the slot.</exception>
    /// <exception cref="CorruptBlockException">Something else than this block does, or it is damaged.</exception>
    /// <exception cref="StorageException">The store could not be asked, or refused.</exception>
    public ValueTask<BlockDirectory> GetAsync(SessionId session, Slot slot, LoadWish wish, CancellationToken cancellationToken)
    {
        var known = _kept.Find(session, slot);
        _counts.OnDirectory(isHit: known is not null);
        return known is not null ? new(known) : _loads.GetAsync((session, slot), wish, cancellationToken);
    }

    /// <summary>Keeps the directory of a block that was written a moment ago, for whoever reads it once it has left the tail cache: he then takes one request instead of three.</summary>
    /// <param name="block">Leased by the caller. One of more than 1,024 frames is not kept.</param>
    public void Keep(Block block)
    {
        if (block.Frames.Length > MostFramesKept) return;
        _kept.Add(block.Session, new BlockDirectory(BlobNames.BlockOf(block.Session, block.Slot), block.Slot, block.FrameEnd, block.Frames));
    }

    /// <summary>The block's directory if it is kept; asks nobody.</summary>
    public BlockDirectory? Find(SessionId session, Slot slot) => _kept.Find(session, slot);

    private async Task<BlockDirectory> ReadAsync((SessionId Session, Slot Slot) of, LoadUrgency urgency, CancellationToken cancellationToken)
    {
        var name = BlobNames.BlockOf(of.Session, of.Slot);
        var start = await ReadAsync(new BlobRange(name, 0, FirstReadBytes), urgency, cancellationToken);
        var keeps = false;
        try
        {
            var header = HeaderOf(name, (of.Session, of.Slot), start.Slab.GetSpan()[..start.Length]);
            var directory = header.UsedBytes <= start.Length
                ? Read(name, start.Slab.GetSpan()[..BlockLayout.HeaderBytes], start.Slab.GetSpan()[header.DirectoryPosition..header.UsedBytes], header, requests: 1)
                : await ReadEndAsync(name, start.Slab, header, urgency, cancellationToken);
            _kept.Add(of.Session, directory);

            keeps = header.DirectoryPosition <= start.Length && header.FrameCount > 0;
            if (keeps) _cache.Add(name, start.Slab, header.DirectoryPosition, urgency.For);
            return directory;
        }
        finally
        {
            if (!keeps) start.Slab.Return();
        }
    }

    private async Task<BlockDirectory> ReadEndAsync(string name, Slab start, BlockHeader header, LoadUrgency urgency, CancellationToken cancellationToken)
    {
        var length = header.UsedBytes - header.DirectoryPosition;
        var end = await ReadAsync(new BlobRange(name, header.DirectoryPosition, length), urgency, cancellationToken);
        try
        {
            if (end.Length < length) throw new CorruptBlockException(name, header.DirectoryPosition + end.Length, $"the block ends here; {length - end.Length} bytes more of its directory were expected.");
            return Read(name, start.GetSpan()[..BlockLayout.HeaderBytes], end.Slab.GetSpan()[..length], header, requests: 2);
        }
        finally
        {
            end.Slab.Return();
        }
    }

    private Task<BlobRead> ReadAsync(BlobRange range, LoadUrgency urgency, CancellationToken cancellationToken) =>
        _cache.Reads.ReadAsync(range, urgency.NextTicket(range.Length), cancellationToken);

    private BlockHeader HeaderOf(string name, (SessionId Session, Slot Slot) of, ReadOnlySpan<byte> start)
    {
        if (!BlockCodec.TryReadHeader(start, out var header, out var problem)) throw new CorruptBlockException(name, 0, problem!);
        return header.SessionHash == of.Session.Hash && header.Slot == of.Slot && header.ClusterGeneration == _clusterGeneration
            ? header
            : throw new CorruptBlockException(name, 0, $"the block there is of slot {header.Slot}, generation {header.ClusterGeneration} and session hash {header.SessionHash:x16}.");
    }

    private static BlockDirectory Read(string name, ReadOnlySpan<byte> start, ReadOnlySpan<byte> lines, in BlockHeader header, int requests) =>
        BlockCodec.TryReadDirectory(start, lines, header, out var frames, out var problem)
            ? new BlockDirectory(name, header.Slot, header.DirectoryPosition, frames) { Requests = requests }
            : throw new CorruptBlockException(name, 0, problem!);
}
