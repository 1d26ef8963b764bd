using OrleansStream.Log.Budgets;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Retention;
using OrleansStream.Log.Segments;
using OrleansStream.Log.Serving;

namespace OrleansStream.Log.AzureBlobs.Upkeep;

/// <summary>
/// The background work of a log on blobs: splits, carries and merges, lets expired records and deleted topics go, and, on the broker that does so for all, sweeps
/// objects and closes dead sessions. All of it within a budget, so that producers do not wait for it.
/// </summary>
internal sealed class BlobLogUpkeep : IAsyncDisposable
{
    // Segments of several partitions are on their way at once: one after the other a busy lane would be split too slowly, since each takes long.
    private const int WritesAtOnce = 4;

    // Each partition that is not open costs a read to look at.
    private static readonly TimeSpan ClosedInterval = TimeSpan.FromHours(1);

    private static readonly TimeSpan MergeInterval = TimeSpan.FromSeconds(10);

    private readonly CancellationTokenSource _stopping = new();
    private readonly BlobLogUpkeepParts _parts;
    private readonly Retention.Upkeep _upkeep;
    private readonly SegmentMerger _merger;
    private readonly UpkeepMetrics? _upkeepMetrics;
    private readonly BlobUpkeepMetrics? _metrics;
    private Task _running = Task.CompletedTask;

    public BlobLogUpkeep(BlobLogUpkeepParts parts)
    {
        _parts = parts;
        var (stores, budget) = (parts.Stores, parts.Budget);
        var manifests = new BudgetedManifests(stores.Manifests, budget);
        var objects = new BudgetedObjects(stores.Objects, budget);
        var editor = new ManifestEditor(manifests, parts.Random, parts.Time);
        var pending = Pending = new PendingObjects(manifests, editor, objects, parts.Handles, parts.Time) { LeastDelay = ClosedSessions.ReadGrace, OnFailed = parts.Note };

        // What a client asks for waits for no budget.
        var asked = new ManifestEditor(stores.Manifests, parts.Random, parts.Time);
        Mover = new LogStartMover(asked, pending, new ProducerSnapshots(asked, stores.Objects, pending, parts.Random));
        Deletion = new PartitionDeletion(asked, parts.Handles, parts.CurrentLane, pending, parts.IsOpening);

        var usage = new BlobWalUsage(parts.CurrentLane, parts.Unsplit);
        var splitter = NewSplitter(manifests, editor, usage);
        var unsplit = new UnsplitUpkeep(splitter, usage, parts.CurrentLane, parts.Handles, parts.Time) { Options = parts.Unsplit };
        usage.Inherited = () => unsplit.InheritedBytes;
        _merger = new SegmentMerger(new SegmentMergerParts
        {
            Store = manifests,
            Manifests = editor,
            Objects = objects,
            Extents = new BudgetedExtents(parts.Extents, budget),
            Slabs = parts.Slabs,
            Handles = parts.Handles,
            Pending = pending,
            Random = parts.Random,
            Time = parts.Time,
            Options = parts.Merge,
            Segments = parts.Segments,
            OnFailed = (partition, error) => parts.Note($"Segments of partition {partition} could not be merged; they stay as they are.", error),
        });
        Shared = new SharedUpkeep(parts, manifests, new ObjectSweep(new SweepParts(manifests, editor, objects, parts.ConfirmTopic, parts.CurrentLane), pending, parts.Time));
        _upkeepMetrics = parts.Meters is { } meters ? new UpkeepMetrics(meters, splitter, pending) : null;
        _metrics = parts.Meters is { } factory ? new BlobUpkeepMetrics(factory, new BlobUpkeepSources(usage, parts.Unsplit, _merger, budget, Shared)) : null;
        var producers = new ProducerSnapshots(editor, objects, pending, parts.Random);
        _upkeep = new Retention.Upkeep(new UpkeepParts
        {
            Store = manifests,
            Handles = parts.Handles,
            CurrentLane = parts.CurrentLane,
            Wal = unsplit,
            Retention = new PartitionRetention(new LogStartMover(editor, pending, producers), parts.Time),
            Producers = producers,
            Pending = pending,
            IsAlone = false,
            MayOpen = parts.Cluster.IsPlacedHere,
            ClosedInterval = ClosedInterval,
            SettingsOf = parts.SettingsOf,
            Open = parts.Open,
            ClosesWhenIdle = parts.ClosesWhenIdle,
            Time = parts.Time,
            Options = parts.Upkeep,
            Metrics = _upkeepMetrics,
            OnFailed = parts.Note,
        });
    }

    /// <summary>Moves log starts for clients.</summary>
    public LogStartMover Mover { get; }

    /// <summary>Deletes partitions for clients.</summary>
    public PartitionDeletion Deletion { get; }

    /// <summary>To be told of a partition that was opened with objects to delete.</summary>
    public PendingObjects Pending { get; }

    /// <summary>What one broker does for all. To be told when a broker comes or goes.</summary>
    public SharedUpkeep Shared { get; }

    /// <summary>Begins; runs until it is disposed.</summary>
    public void Start() => _running = Task.Factory.StartNew(
        () => Task.WhenAll(_upkeep.RunAsync(_stopping.Token), RunMergesAsync(), Shared.RunAsync(_stopping.Token)), CancellationToken.None, TaskCreationOptions.DenyChildAttach, _parts.Scheduler).Unwrap();

    /// <summary>One look at the lane (rule S1). One call at a time; not beside <see cref="Start"/>, like all of these.</summary>
    public ValueTask TendLaneAsync(CancellationToken cancellationToken) => _upkeep.TendWalAsync(cancellationToken);

    /// <summary>One look at partitions and lists of objects.</summary>
    public ValueTask TendPartitionsAsync(CancellationToken cancellationToken) => _upkeep.TendPartitionsAsync(cancellationToken);

    /// <summary>One look at segments (rule S5).</summary>
    public ValueTask MergeAsync(CancellationToken cancellationToken) => _merger.TendAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        _stopping.Cancel(); // Not CancelAsync, which would go on by way of the thread pool.
        try
        {
            await _running;
        }
        finally
        {
            _metrics?.Dispose();
            _upkeepMetrics?.Dispose();
            _stopping.Dispose();
        }
    }

    private Splitter NewSplitter(IManifestStore manifests, ManifestEditor editor, BlobWalUsage usage) => new(new SplitterParts
    {
        Store = manifests,
        Manifests = editor,
        Objects = new BudgetedObjects(_parts.Stores.Objects, _parts.Budget, () => usage.IsNearCap),
        Extents = new TailFirstReader(_parts.Handles, new BudgetedExtents(_parts.Extents, _parts.Budget, () => usage.IsNearCap)),
        Blocks = _parts.NewBlocks(new TailFirstBlocks(_parts.Tail, new BudgetedBlocks(_parts.Blocks, _parts.Budget, () => usage.IsNearCap))),
        Slabs = _parts.Slabs,
        Handles = _parts.Handles,
        CurrentLane = _parts.CurrentLane,
        Open = _parts.Open,
        IsOpening = _parts.IsOpening,
        Random = _parts.Random,
        Time = _parts.Time,
        WritesAtOnce = WritesAtOnce,
        Segments = _parts.Segments,
        Options = _parts.Split,
        OnFailed = (partition, error) => _parts.Note($"Partition {partition} could not be split; its frames stay in the lane.", error),
    });

    private async Task RunMergesAsync()
    {
        while (true)
        {
            try
            {
                await Task.Delay(MergeInterval, _parts.Time, _stopping.Token);
                await _merger.TendAsync(_stopping.Token);
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error) // Whatever it was: without merging manifests grow and grow.
            {
                _parts.Note("Merging failed; it is tried again.", error);
            }
        }
    }
}
