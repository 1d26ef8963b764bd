using System.Diagnostics.Metrics;
using OrleansStream.Log.AzureBlobs.Recovery;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Budgets;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Retention;
using OrleansStream.Log.Segments;
using OrleansStream.Log.Serving;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Upkeep;

/// <summary>What the background work of a log on blobs takes of that log and of its cluster.</summary>
public sealed record BlobLogUpkeepParts
{
    public required BlobUpkeepStores Stores { get; init; }

    /// <summary>The open partitions of this broker.</summary>
    public required HandleTable Handles { get; init; }

    /// <summary>The lane of the current session, ended or not.</summary>
    public required Func<ILane> CurrentLane { get; init; }

    public required SlabPool Slabs { get; init; }

    /// <summary>Reads extents of both kinds in the background: behind whatever a client waits for.</summary>
    public required IExtentReader Extents { get; init; }

    /// <summary>Reads blocks that are split, in the background as well.</summary>
    public required IBlockFrames Blocks { get; init; }

    /// <summary>Changes what splitting reads blocks with, where that is simulated.</summary>
    public required Func<IBlockFrames, IBlockFrames> NewBlocks { get; init; }

    /// <summary>What it has of blocks need not be read.</summary>
    public required TailCache Tail { get; init; }

    /// <summary>Finds what dead sessions hold.</summary>
    public required SessionRecovery Recovery { get; init; }

    public required BlobClusterView Cluster { get; init; }

    /// <summary>Asks the owner of the catalog, never a local copy, whether the partition's topic exists (rules O1, D3). Hidden topics always do.</summary>
    public required Func<PartitionId, CancellationToken, ValueTask<bool>> ConfirmTopic { get; init; }

    /// <summary>Opens a partition on this broker, which claims it. Null if that did not succeed.</summary>
    public required Func<PartitionId, CancellationToken, ValueTask<PartitionHandle?>> Open { get; init; }

    /// <summary>Whether an open of the partition is under way here; true until its handle is published.</summary>
    public required Func<PartitionId, bool> IsOpening { get; init; }

    /// <summary>The topic's configs of a partition that is not open; null if they are not known here: such a partition does not expire while it is closed.</summary>
    public Func<PartitionId, PartitionSettings?> SettingsOf { get; init; } = static _ => null;

    /// <summary>Whether a partition may be closed when it is idle. Not those that keep a coordinator's state. None is unless set.</summary>
    public Func<PartitionId, bool> ClosesWhenIdle { get; init; } = static _ => false;

    /// <summary>For names and nonces. Locked while it is used.</summary>
    public required Random Random { get; init; }

    public required TimeProvider Time { get; init; }

    /// <summary>Where all of it runs, one step at a time for each of its tasks.</summary>
    public required TaskScheduler Scheduler { get; init; }

    /// <summary>Told of what went wrong and is tried again, and of what a dry run found. Must not throw.</summary>
    public required Action<string, Exception?> Note { get; init; }

    /// <summary>Where the meter is made; null for none.</summary>
    public IMeterFactory? Meters { get; init; }

    public SegmentOptions Segments { get; init; } = new();

    public SplitOptions Split { get; init; } = new();

    public UnsplitOptions Unsplit { get; init; } = new();

    public MergeOptions Merge { get; init; } = new();

    public UpkeepOptions Upkeep { get; init; } = new();

    /// <summary>Shared with whatever else works in the background on this container.</summary>
    public required WorkBudget Budget { get; init; }
}

/// <summary>What stands in the container.</summary>
public sealed record BlobUpkeepStores
{
    public required IBlobContainer Container { get; init; }

    public required IManifestStore Manifests { get; init; }

    public required ISessionStore Sessions { get; init; }

    public required IObjectStore Objects { get; init; }
}
