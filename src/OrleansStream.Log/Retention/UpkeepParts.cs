using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Segments;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Retention;

/// <summary>What <see cref="Upkeep"/> looks after.</summary>
public sealed class UpkeepParts
{
    public required IManifestStore Store { get; init; }

    public required HandleTable Handles { get; init; }

    /// <summary>The lane of the current session, ended or not.</summary>
    public required Func<ILane> CurrentLane { get; init; }

    public required IWalUsage Wal { get; init; }

    public required Splitter Splitter { get; init; }

    public required PartitionRetention Retention { get; init; }

    public required ProducerSnapshots Producers { get; init; }

    public required PendingObjects Pending { get; init; }

    public required ObjectSweep Sweep { get; init; }

    /// <summary>Closes ended sessions that nobody needs, and deletes their files (rule R4).</summary>
    public required Func<CancellationToken, Task> CloseSessions { get; init; }

    /// <summary>The topic's configs of a partition that is not open; null if it is not known here. What is closed is then not looked at.</summary>
    public required Func<PartitionId, PartitionSettings?> SettingsOf { get; init; }

    /// <summary>Opens a partition whose records have expired while it was closed. Null if that did not succeed.</summary>
    public required Func<PartitionId, CancellationToken, ValueTask<PartitionHandle?>> Open { get; init; }

    /// <summary>Whether a partition may be closed when it is idle. Not those that keep a coordinator's state: it would have to be loaded again.</summary>
    public required Func<PartitionId, bool> ClosesWhenIdle { get; init; }

    public required TimeProvider Time { get; init; }

    public UpkeepOptions Options { get; init; } = new();

    public UpkeepMetrics? Metrics { get; init; }

    /// <summary>Told of what went wrong; it is tried again. Must not throw.</summary>
    public Action<string, Exception>? OnFailed { get; init; }
}
