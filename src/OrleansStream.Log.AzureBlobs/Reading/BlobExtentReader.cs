using OrleansStream.Log.Blocks;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Producers;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Reading;

/// <summary>
/// Reads extents out of a container: blocks of any session, and segments. One for a broker: what is cached and what may be asked for at once is bounded for
/// all who read. It serves consumers; <see cref="Opening"/> is for opens of partitions and hand-overs, <see cref="Background"/> for the broker's own work.
/// </summary>
public sealed class BlobExtentReader : IExtentReader, IAsyncDisposable
{
    // Opens and the broker's own work read few segments, and each once: so little of the memory for indexes is theirs.
    private const int SmallIndexShare = 8;

    private readonly BlockCache _cache;
    private readonly BlockDirectories _directories;
    private readonly StreamingReader _serving;
    private readonly StreamingReader _opening;
    private readonly StreamingReader _background;
    private readonly BlobReadingMetrics? _metrics;

    public BlobExtentReader(BlobReadingSetup setup)
    {
        var options = Options = setup.Options;
        Permits = new ReadPermits(options);
        _cache = new BlockCache(setup, Permits, Counts);
        _directories = new BlockDirectories(setup, _cache, (Permits, Counts));

        IndexBound = setup.Segments.IndexCacheBytes;
        var few = IndexBound / SmallIndexShare;
        StreamingReader New(ReadPriority blocks, ReadPriority segments, int aheadBytes, long indexBytes) =>
            new(_cache, _directories, new ReadingGroup(blocks, segments, aheadBytes, indexBytes, setup.Scheduler));
        _serving = New(ReadPriority.Hot, ReadPriority.Cold, options.MaxReadAheadBytes, IndexBound - (2 * few));
        _opening = New(ReadPriority.Open, ReadPriority.Open, options.MaxReadAheadBytes, few);

        // What is read further ahead than its part of the cache has left that before it is used.
        var ahead = (int)Math.Min(options.MaxReadAheadBytes, options.CacheBytes / BlockCache.BackgroundShare / BlockCache.AheadShare);
        _background = New(ReadPriority.Background, ReadPriority.Background, ahead, few);
        Blocks = new BlobFrames(_directories, _cache, (setup.Slabs, setup.Scheduler));
        if (setup.Meters is { } meters) _metrics = new BlobReadingMetrics(meters, this);
    }

    /// <summary>The same extents for opens and hand-overs, with limits of their own: neither consumers that catch up nor upkeep hold up a broker that takes over from a dead one.</summary>
    public IExtentReader Opening => _opening;

    /// <summary>The same extents for splitting, merging and compaction, which have limits of their own and push little out of the cache that consumers use.</summary>
    public IExtentReader Background => _background;

    /// <summary>Blocks for splitting, each of them once for all partitions; within the limits of <see cref="Background"/>.</summary>
    public IBlockFrames Blocks { get; }

    /// <summary>Memory of the block cache, with what is on its way.</summary>
    public long CachedBytes => _cache.Bytes;

    /// <summary>Memory of directories of blocks.</summary>
    public long DirectoryBytes => _directories.CachedBytes;

    /// <summary>Memory of indexes of segments.</summary>
    public long IndexBytes => _serving.IndexBytes + _opening.IndexBytes + _background.IndexBytes;

    internal BlobReadingOptions Options { get; }

    internal ReadPermits Permits { get; }

    internal ReadCounts Counts { get; } = new();

    internal long AheadBytes => _cache.AheadBytes;

    internal long IndexBound { get; }

    /// <inheritdoc/>
    /// <remarks>Whoever gives up does not wait for requests that he may share: each ends once nobody wants it, a moment later, and until then has its permit and its memory.</remarks>
    /// <exception cref="MissingObjectException">A block or segment is gone: a newer manifest or index may not name it any more (rule D2).</exception>
    /// <exception cref="StorageException">The store could not be asked, or refused.</exception>
    public ValueTask ReadAsync(PartitionId partition, Extent extent, Offset from, int maxBytes, FrameList into, CancellationToken cancellationToken) =>
        _serving.ReadAsync(partition, extent, from, maxBytes, into, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ProducerDelta?> ProducersOfAsync(PartitionId partition, Extent extent, CancellationToken cancellationToken) => _serving.ProducersOfAsync(partition, extent, cancellationToken);

    /// <summary>Remembers where the frames of a block stand that this broker has just written, as it remembers those of blocks that it has read.</summary>
    /// <param name="block">Leased by the caller.</param>
    public void Remember(Block block) => _directories.Keep(block);

    /// <summary>Ends what is being read, waits until its memory is back, and gives up what is cached. Leases that readers hold stay good.</summary>
    public ValueTask DisposeAsync()
    {
        _metrics?.Dispose();
        return _cache.DisposeAsync();
    }
}
