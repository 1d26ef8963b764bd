using System.Diagnostics.Metrics;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Economy;
using OrleansStream.Log.Lanes;

namespace OrleansStream.Log.Brokers;

/// <summary>What the log of any broker holds, against its bounds. Each gauge is asked when somebody looks, and costs nothing otherwise.</summary>
public sealed class BrokerLogMetrics : IDisposable
{
    private const string Bytes = "By";

    private readonly Meter _meter;

    /// <param name="meters">Where meters are made. A meter that is not disposed lives, with the log that it looks at, as long as its factory; null for meters of its own.</param>
    /// <param name="topics">Told of each flush where its operations are paid for, if somebody wants them by topic.</param>
    public BrokerLogMetrics(IMeterFactory? meters = null, TopicWrites? topics = null)
    {
        _meter = meters?.Create("OrleansStream.Log") ?? new Meter("OrleansStream.Log");
        Lane = new LaneMetrics(meters, topics);
    }

    /// <summary>Of all lanes of the broker.</summary>
    public LaneMetrics Lane { get; }

    /// <summary>Begins to tell of a log that has a lane.</summary>
    public void Observe(BrokerLogSources sources)
    {
        var lanes = sources.Lanes;
        Lane.ObserveLinger(() => lanes.Current);
        Bound("orleansstream.lane.open", "Memory of blocks that are not published yet.", () => lanes.Current.OpenBytes, sources.MaxOpenBytes);
        Gauge("orleansstream.lane.blocks_in_flight", "{block}", "Blocks that are open, waiting to be written, or written and not published yet.", () => lanes.Current.BlocksInFlight);
        _meter.CreateObservableCounter("orleansstream.lane.lost", () => lanes.LanesLost, "{lane}", "Sessions that a failure of storage ended.");
        Bound("orleansstream.tail_cache", "Memory of the newest blocks.", () => sources.Tail.Bytes, sources.MaxTailBytes);
        _meter.CreateObservableCounter("orleansstream.tail_cache.evicted", () => sources.Tail.EvictedBlocks, "{block}", "Blocks that left the tail cache for newer ones.");
        Gauge("orleansstream.slabs.out", Bytes, "Memory of blocks in use, whoever uses them.", () => sources.Slabs.BytesOut);
        Bound("orleansstream.slabs.kept", "Memory of blocks kept for the next ones.", () => sources.Slabs.BytesKept, SlabPool.DefaultKeptBytes);
        Gauge("orleansstream.partitions.open", "{partition}", "Partitions that are open on this broker.", () => lanes.Handles.Count);
        Gauge("orleansstream.partitions.opening", "{partition}", "Partitions that are being opened.", sources.Opening);
        Gauge("orleansstream.partitions.damaged", "{partition}", "Partitions that are refused, or unreadable at some offsets, because what is stored of them is damaged.", sources.Damaged);
        ObserveLeases(sources.Slabs.Leases);
    }

    public void Dispose()
    {
        _meter.Dispose();
        Lane.Dispose();
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
