using System.Diagnostics.Metrics;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Files.Wal;
using OrleansStream.Log.Lanes;

namespace OrleansStream.Log.Files.Brokers;

/// <summary>What the log of a broker holds, against its bounds. Each gauge is asked when somebody looks, and costs nothing otherwise.</summary>
internal sealed class FileLogMetrics : IDisposable
{
    private const string Bytes = "By";

    private readonly Meter _meter = new("OrleansStream.Log");

    public LaneMetrics Lane { get; } = new();

    public WalMetrics Wal { get; } = new();

    /// <summary>Begins to tell of a log.</summary>
    /// <param name="log">Started.</param>
    /// <param name="setup">What it was made of: its bounds.</param>
    /// <param name="sources">What the log keeps to itself.</param>
    public void Observe(FileLog log, FileLogSetup setup, FileLogSources sources)
    {
        Gauge("orleansstream.log.recovery.duration", "s", "How long the last start took to recover the log.", () => sources.Recovery.TotalSeconds);
        Bound("orleansstream.lane.open", "Memory of blocks that are not published yet.", () => log.Lanes.Current.OpenBytes, setup.Lane.MaxOpenBytes);
        Lane.ObserveLinger(() => log.Lanes.Current);
        Gauge("orleansstream.lane.blocks_in_flight", "{block}", "Blocks that are open, waiting to be written, or written and not published yet.", () => log.Lanes.Current.BlocksInFlight);
        _meter.CreateObservableCounter("orleansstream.lane.lost", () => log.Lanes.LanesLost, "{lane}", "Sessions that a failed disk ended.");
        Bound("orleansstream.wal", "Bytes of WAL files.", () => sources.Wal.Bytes, setup.Lane.MaxWalBytes);
        Gauge("orleansstream.disk.free", Bytes, "Free bytes where the data directory lies, with those that the broker reserved for itself.", () => setup.Directory.Disk.FreeBytes + sources.Reserve.Bytes);
        Gauge("orleansstream.disk.reserve", Bytes, "Free bytes that producing leaves alone.", () => setup.Lane.ReserveBytes);
        Bound("orleansstream.tail_cache", "Memory of the newest blocks.", () => log.Tail.Bytes, setup.TailCache.MaxBytes);
        _meter.CreateObservableCounter("orleansstream.tail_cache.evicted", () => log.Tail.EvictedBlocks, "{block}", "Blocks that left the tail cache for newer ones.");
        Bound("orleansstream.cold_reads", "Memory of windows that were read from disk.", () => sources.Reader.CachedBytes, setup.ColdReads.CacheBytes);
        Gauge("orleansstream.slabs.out", Bytes, "Memory of blocks in use, whoever uses them.", () => log.Slabs.BytesOut);
        Bound("orleansstream.slabs.kept", "Memory of blocks kept for the next ones.", () => log.Slabs.BytesKept, SlabPool.DefaultKeptBytes);
        Gauge("orleansstream.partitions.open", "{partition}", "Partitions that are open on this broker.", () => log.Handles.Count);
        Gauge("orleansstream.partitions.opening", "{partition}", "Partitions that are being opened.", () => sources.Opening());
        Gauge("orleansstream.partitions.damaged", "{partition}", "Partitions that are refused, or unreadable at some offsets, because what is stored of them is damaged.", () => sources.Damaged());
        ObserveLeases(log.Slabs.Leases);
    }

    public void Dispose()
    {
        _meter.Dispose();
        Lane.Dispose();
        Wal.Dispose();
    }

    // A cache holds its leases for as long as it likes; all other leases must come back, and a test fails that sees one out when all is quiet.
    private void ObserveLeases(LeaseLedger leases)
    {
        _meter.CreateObservableGauge(
            "orleansstream.log.leases_out",
            () => new[] { LeaseHolder.Lane, LeaseHolder.Response, LeaseHolder.Splitter }.Select(holder => Measure(leases, holder)),
            "{lease}", "Rights to read a block that must be given back, by holder.");
        _meter.CreateObservableGauge(
            "orleansstream.log.leases_cached",
            () => new[] { LeaseHolder.TailCache, LeaseHolder.ReadCache }.Select(holder => Measure(leases, holder)),
            "{lease}", "Rights to read a block that a cache keeps, by cache.");
    }

    private static Measurement<long> Measure(LeaseLedger leases, LeaseHolder holder) => new(leases.Count(holder), new KeyValuePair<string, object?>("holder", holder.ToString()));

    private void Bound(string name, string description, Func<long> value, long bound)
    {
        Gauge(name, Bytes, description, value);
        Gauge(name + ".bound", Bytes, "The most that " + name + " may be.", () => bound);
    }

    private void Gauge<T>(string name, string unit, string description, Func<T> value)
        where T : struct => _meter.CreateObservableGauge(name, value, unit, description);
}
