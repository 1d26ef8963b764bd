using System.Collections.Concurrent;
using OrleansStream.Log.AzureBlobs.Manifests;
using OrleansStream.Log.AzureBlobs.Objects;
using OrleansStream.Log.AzureBlobs.Reading;
using OrleansStream.Log.AzureBlobs.Recovery;
using OrleansStream.Log.AzureBlobs.Sessions;
using OrleansStream.Log.AzureBlobs.Upkeep;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Brokers;
using OrleansStream.Log.Budgets;
using OrleansStream.Log.Journals;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Ownership;
using OrleansStream.Log.Retention;
using OrleansStream.Log.Segments;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Brokers;

/// <summary>The log of one of the brokers that share a container: its lane, the partitions that are open on it, and how they come and go.</summary>
public sealed class BlobLog : IBrokerLog, IPartitionReleases, IAsyncDisposable
{
    // What a broker had open before its lane ended is opened again a few at a time, beside those that clients ask for.
    private const int ReopensAtOnce = 32;

    private readonly BlobLogSetup _setup;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<PartitionId, PartitionSettings> _lost = new();
    private readonly SeenManifests _seen;
    private readonly BlobLaneKeeper _lanes;
    private readonly PartitionOpenerParts _openerParts;
    private readonly PartitionOpenings _opening;
    private readonly PartitionRelease _release;
    private readonly PartitionFaults _faults;
    private readonly BlobLogUpkeep _upkeep;
    private readonly BrokerLogMetrics _metrics;
    private readonly MoveTimes _moves;

    private BlobLog(BlobLogSetup setup)
    {
        _setup = setup;
        _faults = new PartitionFaults(setup.Time, setup.NameOf, setup.NoteFault);
        _seen = new SeenManifests(new BlobManifestStore(setup.Container, setup.ClusterGeneration));
        var sessions = new BlobSessionStore(setup.Container, setup.Undecided, setup.ClusterGeneration);
        var objects = new BlobObjectStore(setup.Container, setup.Undecided);
        Slabs = new SlabPool();
        Tail = new TailCache(setup.TailCache, error => setup.Note("The owner of a frame failed where it must not.", error));
        var budget = Budget = new WorkBudget(setup.Background, setup.Time) { StandsBack = IsPressed };
        _metrics = new BrokerLogMetrics(setup.Meters, setup.Ledger?.Topics);
        _moves = new MoveTimes(setup.Meters, setup.Time);
        Reader = new BlobExtentReader(setup.OfReading(Slabs));
        _lanes = new BlobLaneKeeper(setup, sessions, Slabs, budget, (new PublishedBlocks(Tail, Reader), _metrics.Lane)) { Replaced = OnReplaced };
        Handles.Opened += handle => _lost.TryRemove(handle.Id, out _);
        Handles.Withdrawn += OnWithdrawn;
        var recovery = new SessionRecovery(new RecoverySetup { Container = setup.Container, Sessions = sessions, Undecided = setup.Undecided, ClusterGeneration = setup.ClusterGeneration });
        Recovered = new RecoveredSessions(recovery, () => _lanes.Current.Session, setup.Scheduler, _moves.RecoverAsync);
        var manifests = new ManifestEditor(_seen, setup.Random, setup.Time);
        Journals = new JournalParts { Objects = objects, Manifests = manifests, Random = setup.Random, Options = setup.Journals };
        _upkeep = new BlobLogUpkeep(UpkeepParts(new BlobUpkeepStores { Container = setup.Container, Manifests = _seen, Sessions = sessions, Objects = objects }, recovery, budget));
        _openerParts = new PartitionOpenerParts
        {
            Manifests = _seen,
            CurrentLane = () => _lanes.Current,
            Owners = new KnownOwners(setup.Owners, setup.Note),
            HasEnded = _lanes.HasEnded,
            Stopping = _stopping.Token,
            Recovered = Recovered,
            Handles = Handles,
            Serving = OfServing(manifests),
            Extents = Reader.Opening,
            Objects = objects,
            ConfirmTopic = setup.ConfirmTopic,
            Random = setup.Random,
            Time = setup.Time,
            Producers = setup.Producers,
            Moved = setup.Moved,
        };
        _opening = new PartitionOpenings(setup.NewOpener(_openerParts), new PartitionOpeningsParts
        {
            Handles = Handles,
            Faults = _faults,
            NextLane = _lanes.NextAsync,
            Scheduler = setup.Scheduler,
            Measure = _moves.ClaimAsync,
            OnOpened = OnOpened,
            OnEnded = _upkeep.Deletion.OnOpened,
        });
        _release = setup.NewRelease(new PartitionReleaseParts
        {
            Manifests = _seen,
            Handles = Handles,
            CurrentLane = () => _lanes.Current,
            Extents = Reader.Opening,
            Objects = objects,
            Slabs = Slabs,
            Scheduler = setup.Scheduler,
            Random = setup.Random,
            Segments = setup.Segments,
            Time = setup.Time,
            Moved = setup.Moved,
        });
        _moves.Observe(_release);
    }

    public HandleTable Handles => _lanes.Handles;

    public JournalParts Journals { get; }

    /// <summary>Memory of blocks: what is out and what is kept.</summary>
    public SlabPool Slabs { get; }

    public TailCache Tail { get; }

    /// <summary>Reads what the tail cache does not have.</summary>
    public BlobExtentReader Reader { get; }

    /// <summary>The lane of the current session; a new one after each that ended.</summary>
    public BlobLaneKeeper Lanes => _lanes;

    /// <summary>What ended sessions of any broker left.</summary>
    public RecoveredSessions Recovered { get; }

    /// <summary>What one broker does for all: to be told when a broker comes or goes.</summary>
    public SharedUpkeep Shared => _upkeep.Shared;

    public (long TotalBytes, long UsableBytes) Volume => (-1, -1);

    /// <summary>What all background work of this broker takes from.</summary>
    internal WorkBudget Budget { get; }

    /// <summary>Whether this log can serve; may be asked at any time.</summary>
    public LogHealth Health
    {
        get
        {
            var gap = _lanes.Gap;
            if (gap > LogHealth.LongestGap) return new LogHealth(false, $"For {gap.TotalSeconds:0} s storage has refused a new session of the log: nothing can be produced or opened until it takes one.");
            var stalled = _lanes.IsStalled ? "This broker stood still, and serves nothing until storage has told it whether its session goes on." : null;
            var trouble = string.Join(' ', new[] { stalled, _faults.Trouble }.OfType<string>());
            return new LogHealth(stalled is null, trouble.Length > 0 ? trouble : null);
        }
    }

    /// <summary>Begins a session: its record, its name in the broker registry, its lane.</summary>
    /// <exception cref="BrokerReplacedException">Another broker has this one's number.</exception>
    /// <exception cref="LogException">Storage failed or refused.</exception>
    public static async Task<BlobLog> StartAsync(BlobLogSetup setup, CancellationToken cancellationToken)
    {
        var log = new BlobLog(setup);
        try
        {
            await log._lanes.BeginAsync(cancellationToken);
            log._metrics.Observe(log.MetricsSources());
            log._upkeep.Start();
            return log;
        }
        catch
        {
            await log.DisposeAsync();
            throw;
        }
    }

    public LeaderEpoch? EpochOf(PartitionId partition) => Handles.TryGet(partition, out var handle) ? handle.Epoch : _seen.EpochOf(partition);

    /// <summary>False unless it is known here: others may have opened it, and to ask storage would be to wait.</summary>
    public bool HasLog(PartitionId partition) => EpochOf(partition) is not null;

    /// <inheritdoc/>
    public async ValueTask<bool> HasLogAsync(PartitionId partition, CancellationToken cancellationToken) =>
        HasLog(partition) || await _seen.GetAsync(partition, cancellationToken) is { Manifest.Deleted: false };

    /// <summary>Of a partition that is another broker's, what its manifest knows: that broker alone knows what it appended since the last segment.</summary>
    public async ValueTask<long> SizeOfAsync(PartitionId partition, CancellationToken cancellationToken) =>
        Handles.TryGet(partition, out var handle) ? handle.SizeBytes : await ClosedLog.SizeAsync(partition, _openerParts, cancellationToken);

    public ValueTask<OpenedHandle> OpenAsync(PartitionId partition, PartitionSettings settings, CancellationToken cancellationToken) =>
        _opening.OpenAsync(partition, settings, _lost.TryRemove(partition, out _) ? OpenApproach.LeavesOwner : OpenApproach.AsksOwner, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ReleaseAnswer> PrepareAsync(PartitionId partition, SessionId owner, CancellationToken cancellationToken) =>
        _moves.PrepareAsync(_release.PrepareAsync(partition, owner, cancellationToken));

    /// <inheritdoc/>
    public ValueTask<ReleaseAnswer> ReleaseAsync(PartitionId partition, SessionId owner, CancellationToken cancellationToken) =>
        _moves.ReleaseAsync(_release.ReleaseAsync(partition, owner, cancellationToken));

    public ValueTask<ErrorCode> MoveLogStartAsync(PartitionHandle handle, Offset offset, CancellationToken cancellationToken) =>
        _upkeep.Mover.MoveAsync(handle, offset, cancellationToken);

    public async ValueTask DeleteAsync(PartitionId partition, CancellationToken cancellationToken)
    {
        await _upkeep.Deletion.DeleteAsync(partition, cancellationToken);
        _faults.OnDeleted(partition);
    }

    /// <summary>Opens a partition for the background work, under its topic's configs if they are known here: what is not known expires nothing.</summary>
    private async ValueTask<PartitionHandle?> OpenAsync(PartitionId partition, CancellationToken cancellationToken) =>
        (await OpenAsync(partition, _setup.SettingsOf(partition) ?? new PartitionSettings { Deletes = false }, cancellationToken)).Handle;

    private bool IsPressed() => _lanes.Current.IsPressed;

    private BrokerLogSources MetricsSources() => new()
    {
        Lanes = _lanes,
        Tail = Tail,
        Slabs = Slabs,
        MaxOpenBytes = _setup.Lane.MaxOpenBytes,
        MaxTailBytes = _setup.TailCache.MaxBytes,
        Opening = () => _opening.Count,
        Damaged = () => _faults.Damaged,
    };

    private ServingParts OfServing(ManifestEditor manifests) => new()
    {
        Extents = Reader,
        Tail = Tail,
        Time = _setup.Time,
        Manifests = manifests,
        Validation = _setup.Validation,
        IsStalled = () => _lanes.IsStalled,
        OnReadFailed = _faults.OnNotRead,
        OnUnreadable = (partition, what) => _setup.Note($"Partition {partition}, time lookup: {what}", null),
    };

    private BlobLogUpkeepParts UpkeepParts(BlobUpkeepStores stores, SessionRecovery recovery, WorkBudget budget) => new()
    {
        Stores = stores,
        Handles = Handles,
        CurrentLane = () => _lanes.Current,
        Slabs = Slabs,
        Extents = Reader.Background,
        Blocks = Reader.Blocks,
        NewBlocks = _setup.NewBlocks,
        Tail = Tail,
        Recovery = recovery,
        Cluster = _setup.Cluster,
        ConfirmTopic = _setup.ConfirmTopic,
        Open = OpenAsync,
        IsOpening = partition => _opening.Contains(partition) || _release.IsReleasing(partition),
        SettingsOf = _setup.SettingsOf,
        Random = _setup.Random,
        Time = _setup.Time,
        Scheduler = _setup.Scheduler,
        Note = _setup.Note,
        Meters = _setup.Meters,
        Segments = _setup.Segments,
        Split = _setup.Split,
        Unsplit = _setup.Unsplit,
        Merge = _setup.Merge,
        Upkeep = _setup.Upkeep,
        Budget = budget,
    };

    /// <summary>Publishes what was accepted and ends the lane. Partitions are closed; whoever opens them next recovers the session.</summary>
    /// <exception cref="AggregateException">Steps of it failed; all others were taken, so that nothing stays running.</exception>
    public async ValueTask DisposeAsync()
    {
        var failures = new List<Exception>();
        foreach (var step in StepsOfDisposal())
        {
            try
            {
                await step();
            }
            catch (Exception error)
            {
                failures.Add(error);
            }
        }

        if (failures.Count > 0) throw new AggregateException("The log did not end in order; what was acknowledged is safe.", failures);
    }

    private IEnumerable<Func<ValueTask>> StepsOfDisposal() =>
    [
        () => Now(_stopping.Cancel),
        _upkeep.DisposeAsync,
        _lanes.DisposeAsync,
        _release.DisposeAsync,
        Reader.DisposeAsync,
        () => Now(Tail.Clear),
        () => Now(_metrics.Dispose),
        () => Now(_moves.Dispose),
    ];

    private static ValueTask Now(Action step)
    {
        step();
        return ValueTask.CompletedTask;
    }

    // The claim may have dropped a snapshot.
    private void OnOpened(PartitionHandle handle)
    {
        if (!handle.Manifest.PendingDelete.IsEmpty) _upkeep.Pending.Watch(handle.Id);
    }

    /// <summary>Whether the partition left this broker without having been given up, and nobody has looked yet whose it is.</summary>
    internal bool HasLost(PartitionId partition) => _lost.ContainsKey(partition) || _opening.Contains(partition);

    // Whoever gives a partition up closes its epoch first: this one was taken by another broker, or goes with its lane.
    private void OnWithdrawn(PartitionHandle handle)
    {
        if (!IsGivenUp(handle)) _lost[handle.Id] = handle.Settings;
    }

    private bool IsGivenUp(PartitionHandle handle) => _lanes.ClosedEpochs.Of(handle.Id) >= handle.Epoch;

    private void OnReplaced() => _ = Task.Factory.StartNew(ReopenAsync, CancellationToken.None, TaskCreationOptions.DenyChildAttach, _setup.Scheduler).Unwrap();

    // Rule W3: what this broker still owns by its old session is claimed from what storage has of that one, and what another broker took is left to it.
    private async Task ReopenAsync()
    {
        var opens = new Queue<Task>();
        foreach (var (partition, settings) in _lost)
        {
            if (opens.Count == ReopensAtOnce) await Task.WhenAny(opens.Dequeue());
            if (_lost.TryRemove(partition, out _)) opens.Enqueue(ReopenAsync(partition, settings));
        }
    }

    // A handle serves before its open is over, and may go with its lane before that, too: to have joined such an open is to have opened nothing.
    private async Task ReopenAsync(PartitionId partition, PartitionSettings settings)
    {
        OpenedHandle opened;
        do opened = await _opening.OpenAsync(partition, settings, OpenApproach.LeavesOwner, CancellationToken.None);
        while (opened.Handle is { IsOwner: false } handle && !IsGivenUp(handle));
    }
}
