using System.Diagnostics.Metrics;
using OrleansStream.Log.Segments;

namespace OrleansStream.Log.Retention;

/// <summary>What the log tells about looking after itself.</summary>
public sealed class UpkeepMetrics : IDisposable
{
    /// <summary>Name of the meter.</summary>
    public const string Name = "OrleansStream.Log";

    private readonly Meter _meter;
    private readonly Counter<long> _expired;
    private readonly Counter<long> _objectsDeleted;
    private readonly Counter<long> _objectsSwept;
    private readonly Counter<long> _idleClosed;

    public UpkeepMetrics(IMeterFactory factory, Splitter splitter, PendingObjects pending)
    {
        _meter = factory.Create(Name);
        _expired = _meter.CreateCounter<long>("orleansstream.log.retention.moves", "{move}", "Log starts that retention moved.");
        _objectsDeleted = _meter.CreateCounter<long>("orleansstream.log.objects.deleted", "{object}", "Segments and snapshots deleted after their delay.");
        _objectsSwept = _meter.CreateCounter<long>("orleansstream.log.objects.swept", "{object}", "Objects that no manifest named.");
        _idleClosed = _meter.CreateCounter<long>("orleansstream.log.partitions.idle_closed", "{partition}", "Partitions closed since nobody used them.");
        _meter.CreateObservableCounter("orleansstream.log.objects.delete_failures", () => pending.FailedDeletes, "{try}", "Tries to delete an object that failed.");
        _meter.CreateObservableCounter("orleansstream.log.split.segments", () => splitter.SegmentsWritten, "{segment}", "Segments cut out of the WAL.");
        _meter.CreateObservableCounter("orleansstream.log.split.cut", () => splitter.BytesCut, "By", "Bytes cut out of the WAL into segments.");
        _meter.CreateObservableCounter("orleansstream.log.split.carried", () => splitter.BytesCarried, "By", "Bytes appended again so that an old WAL file could go.");
    }

    public void Dispose() => _meter.Dispose();

    internal void OnExpired() => _expired.Add(1);

    internal void OnIdleClosed() => _idleClosed.Add(1);

    internal void OnDeleted(int objects) => _objectsDeleted.Add(objects);

    internal void OnSwept(int objects) => _objectsSwept.Add(objects);
}
