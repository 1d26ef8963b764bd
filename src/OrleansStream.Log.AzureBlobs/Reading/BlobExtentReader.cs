using OrleansStream.Log.Blocks;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Reading;

/// <summary>
/// Reads extents out of a container: blocks of any session, and segments. One for a broker: what is cached and what may be asked for at once is bounded for
/// all who read. It serves consumers and opens; <see cref="Background"/> is for the broker's own work.
/// </summary>
public sealed class BlobExtentReader : IExtentReader, IAsyncDisposable
{
    // The broker's own work reads few segments, and each once.
    private const int BackgroundIndexShare = 8;

    private readonly BlockCache _cache;
    private readonly BlockDirectories _directories;
    private readonly StreamingReader _serving;
    private readonly StreamingReader _background;
    private readonly BlobReadingMetrics? _metrics;

    public BlobExtentReader(BlobReadingSetup setup)
    {
        var options = Options = setup.Options;
        Permits = new ReadPermits(options);
        _cache = new BlockCache(setup, Permits, Counts);
        _directories = new BlockDirectories(setup, _cache, Counts);

        var backgroundIndexes = setup.Segments.IndexCacheBytes / BackgroundIndexShare;
        IndexBound = setup.Segments.IndexCacheBytes;
        _serving = new StreamingReader(_cache, _directories, new ReadingGroup(ReadPriority.Hot, ReadPriority.Cold, options.MaxReadAheadBytes, IndexBound - backgroundIndexes, setup.Scheduler));
        _background = new StreamingReader(_cache, _directories, new ReadingGroup(ReadPriority.Background, ReadPriority.Background, options.MaxReadAheadBytes, backgroundIndexes, setup.Scheduler));
        if (setup.Meters is { } meters) _metrics = new BlobReadingMetrics(meters, this);
    }

    /// <summary>The same extents for splitting, merging and compaction, which have limits of their own and push little out of the cache that consumers use.</summary>
    public IExtentReader Background => _background;

    /// <summary>Memory of the block cache, with what is on its way.</summary>
    public long CachedBytes => _cache.Bytes;

    /// <summary>Memory of directories of blocks.</summary>
    public long DirectoryBytes => _directories.CachedBytes;

    /// <summary>Memory of indexes of segments.</summary>
    public long IndexBytes => _serving.IndexBytes + _background.IndexBytes;

    internal BlobReadingOptions Options { get; }

    internal ReadPermits Permits { get; }

    internal ReadCounts Counts { get; } = new();

    internal long AheadBytes => _cache.AheadBytes;

    internal long IndexBound { get; }

    /// <inheritdoc/>
    /// <exception cref="MissingObjectException">A block or segment is gone: a newer manifest or index may not name it any more (rule D2).</exception>
    /// <exception cref="StorageException">The store could not be asked, or refused.</exception>
    public ValueTask ReadAsync(PartitionId partition, Extent extent, Offset from, int maxBytes, FrameList into, CancellationToken cancellationToken) =>
        _serving.ReadAsync(partition, extent, from, maxBytes, into, cancellationToken);

    /// <summary>Ends what is being read, waits until its memory is back, and gives up what is cached. Leases that readers hold stay good.</summary>
    public ValueTask DisposeAsync()
    {
        _metrics?.Dispose();
        return _cache.DisposeAsync();
    }
}
