using System.Diagnostics.Metrics;

namespace OrleansStream.Log.AzureBlobs.Reading;

/// <summary>What reading from blobs holds and costs. Everything is asked when somebody looks, and costs nothing otherwise.</summary>
internal sealed class BlobReadingMetrics : IDisposable
{
    /// <summary>Name of the meter.</summary>
    public const string Name = "OrleansStream.BlobReading";

    private const string Bytes = "By";
    private const string Windows = "{window}";
    private const string Requests = "{request}";

    private readonly Meter _meter;

    public BlobReadingMetrics(IMeterFactory factory, BlobExtentReader reader)
    {
        _meter = factory.Create(Name);
        var options = reader.Options;
        var counts = reader.Counts;
        Bound("orleansstream.blob_reads.cache", "Memory of the block cache, with what is on its way there.", () => reader.CachedBytes, options.CacheBytes);
        Bound("orleansstream.blob_reads.ahead", "Memory of what was read ahead and nobody has used yet.", () => reader.AheadBytes, options.CacheBytes / BlockCache.AheadShare);
        Bound("orleansstream.blob_reads.directories", "Memory of directories of blocks.", () => reader.DirectoryBytes, options.DirectoryCacheBytes);
        Bound("orleansstream.blob_reads.indexes", "Memory of indexes of segments.", () => reader.IndexBytes, reader.IndexBound);
        Counter("orleansstream.blob_reads.windows.hits", Windows, "Windows of the block cache that readers found there, or on their way.", () => counts.Hits);
        Counter("orleansstream.blob_reads.windows.misses", Windows, "Windows that readers had to wait for.", () => counts.Misses);
        Counter("orleansstream.blob_reads.windows.ahead", Windows, "Windows that were read ahead of a reader.", () => counts.ReadAhead);
        Counter("orleansstream.blob_reads.windows.evicted", Windows, "Windows that left the block cache.", () => counts.Evicted);
        Counter("orleansstream.blob_reads.windows.evicted_unused", Windows, "Windows that were read ahead and left the block cache unused.", () => counts.EvictedUnused);
        Counter("orleansstream.blob_reads.directories.hits", "{directory}", "Directories of blocks that were at hand.", () => counts.DirectoryHits);
        Counter("orleansstream.blob_reads.directories.misses", "{directory}", "Directories of blocks that had to be read.", () => counts.DirectoryMisses);
        Counter("orleansstream.blob_reads.hedges", Requests, "Requests that were sent a second time since they were slow.", () => counts.Hedges);
        Counter("orleansstream.blob_reads.hedges_won", Requests, "Second requests that were answered first.", () => counts.HedgesWon);
        _meter.CreateObservableCounter("orleansstream.blob_reads.requests", () => Each(counts.Requests), Requests, "Reads that were sent, hedges included.");
        _meter.CreateObservableCounter("orleansstream.blob_reads.received", () => Each(counts.Bytes), Bytes, "Bytes that came.");
        ObserveLimits(reader.Permits);
    }

    public void Dispose() => _meter.Dispose();

    private void ObserveLimits(ReadPermits permits)
    {
        EachGauge("orleansstream.blob_reads.running", Requests, "Requests under way.", priority => permits.Running(priority));
        EachGauge("orleansstream.blob_reads.running.bound", Requests, "The most that may be.", priority => permits.MaxRunning(priority));
        EachGauge("orleansstream.blob_reads.memory", Bytes, "Memory of requests under way.", permits.RunningBytes);
        EachGauge("orleansstream.blob_reads.memory.bound", Bytes, "The most that may be.", permits.MaxRunningBytes);
        EachGauge("orleansstream.blob_reads.waiting", Requests, "Requests that wait for their turn.", priority => permits.Waiting(priority));
    }

    private void Bound(string name, string description, Func<long> value, long bound)
    {
        _meter.CreateObservableGauge(name, value, Bytes, description);
        _meter.CreateObservableGauge(name + ".bound", () => bound, Bytes, "The most that " + name + " may be.");
    }

    private void Counter(string name, string unit, string description, Func<long> value) => _meter.CreateObservableCounter(name, value, unit, description);

    private void EachGauge(string name, string unit, string description, Func<ReadPriority, long> value) => _meter.CreateObservableGauge(name, () => Each(value), unit, description);

    private static Measurement<long>[] Each(Func<ReadPriority, long> value) =>
    [
        Of("open", value(ReadPriority.Open)),
        Of("hot", value(ReadPriority.Hot)),
        Of("cold", value(ReadPriority.Cold)),
        Of("background", value(ReadPriority.Background)),
    ];

    private static Measurement<long> Of(string priority, long value) => new(value, new KeyValuePair<string, object?>("priority", priority));
}
