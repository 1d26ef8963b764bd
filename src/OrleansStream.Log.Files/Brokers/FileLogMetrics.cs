using System.Diagnostics.Metrics;
using OrleansStream.Log.Brokers;
using OrleansStream.Log.Files.Wal;
using OrleansStream.Log.Lanes;

namespace OrleansStream.Log.Files.Brokers;

/// <summary>What the log of a broker on files holds, against its bounds. Each gauge is asked when somebody looks, and costs nothing otherwise.</summary>
internal sealed class FileLogMetrics : IDisposable
{
    private const string Bytes = "By";

    private readonly Meter _meter = new("OrleansStream.Log");
    private readonly BrokerLogMetrics _ofAnyLog = new();

    public LaneMetrics Lane => _ofAnyLog.Lane;

    public WalMetrics Wal { get; } = new();

    /// <summary>Begins to tell of a log.</summary>
    /// <param name="log">Started.</param>
    /// <param name="setup">What it was made of: its bounds.</param>
    /// <param name="sources">What the log keeps to itself.</param>
    public void Observe(FileLog log, FileLogSetup setup, FileLogSources sources)
    {
        _ofAnyLog.Observe(new BrokerLogSources
        {
            Lanes = log.Lanes,
            Tail = log.Tail,
            Slabs = log.Slabs,
            MaxOpenBytes = setup.Lane.MaxOpenBytes,
            MaxTailBytes = setup.TailCache.MaxBytes,
            Opening = sources.Opening,
            Damaged = sources.Damaged,
        });
        Gauge("orleansstream.log.recovery.duration", "s", "How long the last start took to recover the log.", () => sources.Recovery.TotalSeconds);
        Bound("orleansstream.wal", "Bytes of WAL files.", () => sources.Wal.Bytes, setup.Lane.MaxWalBytes);
        Gauge("orleansstream.disk.free", Bytes, "Free bytes where the data directory lies, with those that the broker reserved for itself.", () => setup.Directory.Disk.FreeBytes + sources.Reserve.Bytes);
        Gauge("orleansstream.disk.reserve", Bytes, "Free bytes that producing leaves alone.", () => setup.Lane.ReserveBytes);
        Bound("orleansstream.cold_reads", "Memory of windows that were read from disk.", () => sources.Reader.CachedBytes, setup.ColdReads.CacheBytes);
    }

    public void Dispose()
    {
        _meter.Dispose();
        _ofAnyLog.Dispose();
        Wal.Dispose();
    }

    private void Bound(string name, string description, Func<long> value, long bound)
    {
        Gauge(name, Bytes, description, value);
        Gauge(name + ".bound", Bytes, "The most that " + name + " may be.", () => bound);
    }

    private void Gauge<T>(string name, string unit, string description, Func<T> value)
        where T : struct => _meter.CreateObservableGauge(name, value, unit, description);
}
