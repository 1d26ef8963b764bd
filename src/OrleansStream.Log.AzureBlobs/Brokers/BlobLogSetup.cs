using System.Diagnostics.Metrics;
using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Log.AzureBlobs.Lanes;
using OrleansStream.Log.AzureBlobs.Reading;
using OrleansStream.Log.AzureBlobs.Upkeep;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Brokers;
using OrleansStream.Log.Budgets;
using OrleansStream.Log.Economy;
using OrleansStream.Log.Journals;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Ownership;
using OrleansStream.Log.Producers;
using OrleansStream.Log.Retention;
using OrleansStream.Log.Segments;
using OrleansStream.Log.Serving;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Records;

namespace OrleansStream.Log.AzureBlobs.Brokers;

/// <summary>What a <see cref="BlobLog"/> is made of.</summary>
public sealed record BlobLogSetup
{
    /// <summary>Open. The log does not close it.</summary>
    public required IBlobContainer Container { get; init; }

    /// <summary>Of the cluster's record (rule M5).</summary>
    public int ClusterGeneration { get; init; }

    /// <summary>Keeps this broker's record: each session is named in it before anything else.</summary>
    public required BrokerRegistration Registration { get; init; }

    /// <summary>
    /// Asks the brokers behind sessions (rule O3). May give null until there is a way to ask: whoever opens a partition of another broker waits that long.
    /// </summary>
    public required Func<ISessionOwners?> Owners { get; init; }

    /// <summary>The pauses between tries of one write, and how long it may go without an outcome: 60 s by rule W2.</summary>
    public required UndecidedPuts Undecided { get; init; }

    public required TimeProvider Time { get; init; }

    /// <summary>For names and nonces. Locked while it is used.</summary>
    public required Random Random { get; init; }

    /// <summary>Asks the catalog's owner whether the partition's topic exists (rule O1).</summary>
    public required Func<PartitionId, CancellationToken, ValueTask<bool>> ConfirmTopic { get; init; }

    /// <summary>Cancelled when a stop has taken its time: blocks without an outcome are left then. None: they are waited for, 60 s by rule W2.</summary>
    public CancellationToken StopEnds { get; init; }

    /// <summary>Told of what an operator should know: a lane that ended, upkeep that failed.</summary>
    public required Action<string, Exception?> Note { get; init; }

    /// <summary>Told of a partition that cannot be opened or read, in one line; of the same cause at most once a minute. An error, not a warning: clients are refused.</summary>
    public required Action<string> NoteFault { get; init; }

    /// <summary>Told of each partition that was let go of for another broker, or taken from one that lives, with the time of each step; null for nobody.</summary>
    public Action<MoveTimeline>? Moved { get; init; }

    /// <summary>A partition's name for people, such as orders-3; null if it is not known. Never waits.</summary>
    public Func<PartitionId, string?> NameOf { get; init; } = static _ => null;

    /// <summary>The topic's configs of a partition; null if they are not known here.</summary>
    public Func<PartitionId, PartitionSettings?> SettingsOf { get; init; } = static _ => null;

    public BlobLaneOptions Lane { get; init; } = new();

    /// <summary>How long frames of each latency class wait for company; what is unset is as <see cref="LaneLinger.OfBlobs"/> has it.</summary>
    public LingerOptions Linger { get; init; } = new();

    /// <summary>In which the container puts down its writes, if somebody counts them; its budget stretches the lingers.</summary>
    public WriteLedger? Ledger { get; init; }

    public TailCacheOptions TailCache { get; init; } = new();

    public JournalOptions Journals { get; init; } = new();

    public ProducerOptions Producers { get; init; } = new();

    /// <summary>Which batches are decompressed to look at each record.</summary>
    public RecordValidation Validation { get; init; }

    public SegmentOptions Segments { get; init; } = new();

    public BlobReadingOptions Reading { get; init; } = new();

    public SplitOptions Split { get; init; } = new();

    public UnsplitOptions Unsplit { get; init; } = new();

    public MergeOptions Merge { get; init; } = new();

    public UpkeepOptions Upkeep { get; init; } = new();

    /// <summary>What background work may take of the container. Deletions of blocks count too.</summary>
    public WorkBudgetOptions Background { get; init; } = new();

    /// <summary>What the background work asks of the cluster.</summary>
    public BlobClusterView Cluster { get; init; } = new();

    /// <summary>Where meters are made; null for none.</summary>
    public IMeterFactory? Meters { get; init; }

    /// <summary>Where opens, releases, recoveries, reads, background work and the lane's dispatcher run. The thread pool unless set.</summary>
    public TaskScheduler Scheduler { get; init; } = TaskScheduler.Default;

    /// <summary>Makes what opens partitions. Set only by simulations that prove each of its rules necessary.</summary>
    public Func<PartitionOpenerParts, PartitionOpener> NewOpener { get; init; } = static parts => new PartitionOpener(parts);

    /// <summary>Makes what lets go of partitions. Set only by simulations, as above.</summary>
    public Func<PartitionReleaseParts, PartitionRelease> NewRelease { get; init; } = static parts => new PartitionRelease(parts);

    /// <summary>What splitting reads blocks with. Set only by simulations, as above.</summary>
    public Func<IBlockFrames, IBlockFrames> NewBlocks { get; init; } = static blocks => blocks;

    /// <summary>Starts a lane: with a thread of its own unless set.</summary>
    public Func<BlobLaneSetup, Func<ILaneStore, Action, LaneSetup>, IRunningLane> StartLane { get; init; } = BlobLane.Start;

    internal BlobReadingSetup OfReading(SlabPool slabs) => new()
    {
        Container = Container,
        Slabs = slabs,
        Time = Time,
        Options = Reading,
        Segments = Segments,
        ClusterGeneration = ClusterGeneration,
        Scheduler = Scheduler,
        Meters = Meters,
    };
}
