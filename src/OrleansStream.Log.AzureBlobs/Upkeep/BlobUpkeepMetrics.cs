using System.Diagnostics.Metrics;
using OrleansStream.Log.Budgets;
using OrleansStream.Log.Segments;

namespace OrleansStream.Log.AzureBlobs.Upkeep;

/// <summary>What the background work on blobs tells. Each gauge is asked when somebody looks, and costs nothing otherwise.</summary>
internal sealed class BlobUpkeepMetrics : IDisposable
{
    private const string Bytes = "By";

    private readonly Meter _meter;

    public BlobUpkeepMetrics(IMeterFactory factory, BlobUpkeepSources sources)
    {
        _meter = factory.Create("OrleansStream.Log");
        Gauge("orleansstream.unsplit", Bytes, "Bytes of the present session's blocks that are still needed.", () => sources.Usage.OwnBytes);
        Gauge("orleansstream.unsplit.bound", Bytes, "The most that orleansstream.unsplit shall be.", () => sources.Unsplit.LaneBytes);
        Gauge("orleansstream.unsplit.inherited", Bytes, "Bytes that open partitions still have in dead sessions.", () => sources.Usage.Inherited());
        Counter("orleansstream.log.merge.segments", "{segment}", "Small segments that were joined into others.", () => sources.Merger.SegmentsMerged);
        Counter("orleansstream.log.merge.bytes", Bytes, "Bytes that were written again for it.", () => sources.Merger.BytesMerged);
        Counter("orleansstream.background.operations", "{request}", "Requests of background work.", () => sources.Budget.OperationsTaken);
        Counter("orleansstream.background.bytes", Bytes, "Bytes that background work read and wrote.", () => sources.Budget.BytesTaken);
        Counter("orleansstream.background.waited", "s", "How long background work waited for its budget.", () => sources.Budget.Waited.TotalSeconds);
        Counter("orleansstream.sessions.closed", "{session}", "Dead sessions that were closed.", () => sources.Shared.SessionsClosed);
        Counter("orleansstream.sessions.blocks_deleted", "{block}", "Blocks of closed sessions that were deleted.", () => sources.Shared.BlocksDeleted);
        Gauge("orleansstream.sessions.needed", "{session}", "Dead sessions that partitions still need, as of the last walk.", () => sources.Shared.LastWalk?.SessionsNeeded ?? 0);
        Gauge("orleansstream.sessions.partitions_waiting", "{partition}", "Partitions that still need a dead session, as of the last walk.", () => sources.Shared.LastWalk?.PartitionsWaiting ?? 0);
        Counter("orleansstream.log.objects.shared_swept", "{object}", "Objects that no manifest named, and old tombstones, that this broker took away for all.", () => sources.Shared.ObjectsSwept);
    }

    public void Dispose() => _meter.Dispose();

    private void Gauge<T>(string name, string unit, string description, Func<T> value)
        where T : struct => _meter.CreateObservableGauge(name, value, unit, description);

    private void Counter<T>(string name, string unit, string description, Func<T> value)
        where T : struct => _meter.CreateObservableCounter(name, value, unit, description);
}

/// <summary>What the metrics look at.</summary>
internal sealed record BlobUpkeepSources(BlobWalUsage Usage, UnsplitOptions Unsplit, SegmentMerger Merger, WorkBudget Budget, SharedUpkeep Shared);
