using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
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

    public required IWalUpkeep Wal { get; init; }

    public required PartitionRetention Retention { get; init; }

    public required ProducerSnapshots Producers { get; init; }

    public required PendingObjects Pending { get; init; }

    /// <summary>Null: somebody else sweeps, for all brokers that share the store.</summary>
    public ObjectSweep? Sweep { get; init; }

    /// <summary>Closes ended sessions that nobody needs, and deletes their files (rule R4). Nothing unless set: somebody else does it.</summary>
    public Func<CancellationToken, Task> CloseSessions { get; init; } = static _ => Task.CompletedTask;

    /// <summary>Whether no other broker has partitions in the store. It then knows of each that it has to look after; else of those alone that it has opened.</summary>
    public bool IsAlone { get; init; } = true;

    /// <summary>Whether this broker is the one to open a partition that nobody has asked for. Always, unless set.</summary>
    public Func<PartitionId, bool> MayOpen { get; init; } = static _ => true;

    /// <summary>Least time between two looks at partitions that are not open, each of which is read for it. None unless set: each time that retention looks.</summary>
    public TimeSpan ClosedInterval { get; init; }

    /// <summary>The topic's configs of a partition that is not open; null if it is not known here. What is closed is then not looked at.</summary>
    public required Func<PartitionId, PartitionSettings?> SettingsOf { get; init; }

    /// <summary>Opens a partition whose records have expired while it was closed. Null if that did not succeed.</summary>
    public required Func<PartitionId, CancellationToken, ValueTask<PartitionHandle?>> Open { get; init; }

    /// <summary>Whether a partition may be closed when it is idle. Not those that keep a coordinator's state: it would have to be loaded again.</summary>
    public required Func<PartitionId, bool> ClosesWhenIdle { get; init; }

    public required TimeProvider Time { get; init; }

    public UpkeepOptions Options { get; init; } = new();

    public UpkeepMetrics? Metrics { get; init; }

    /// <summary>Told of what an operator asked to be told. Must not throw.</summary>
    public Action<string, Exception?> Note { get; init; } = static (_, _) => { };

    /// <summary>Told of what went wrong; it is tried again. Must not throw.</summary>
    public Action<string, Exception>? OnFailed { get; init; }
}
