using System.Diagnostics.Metrics;

namespace OrleansStream.Log.Files.Wal;

/// <summary>What a WAL's writer tells of its disk. Shared by all sessions of a broker, one after the other.</summary>
public sealed class WalMetrics : IDisposable
{
    /// <summary>Name of the meter.</summary>
    public const string Name = "OrleansStream.Wal";

    private readonly Meter _meter = new(Name);
    private readonly Histogram<double> _sync;

    public WalMetrics() => _sync = _meter.CreateHistogram<double>("orleansstream.wal.sync.duration", "s", "How long the disk took to make written bytes durable.");

    public void Dispose() => _meter.Dispose();

    internal void Synced(TimeSpan took) => _sync.Record(took.TotalSeconds);
}
