using Microsoft.Extensions.Time.Testing;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Files.Directories;
using OrleansStream.Log.Files.Metadata;
using OrleansStream.Log.Files.Objects;
using OrleansStream.Log.Files.Recovery;
using OrleansStream.Log.Files.Wal;
using OrleansStream.Log.Journals;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Producers;
using OrleansStream.Log.Segments;
using OrleansStream.Log.Serving;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Disks;
using OrleansStream.Testing.Dispatch;
using OrleansStream.Testing.Lanes;

namespace OrleansStream.Simulation.Brokers;

/// <summary>One life of a broker's process over a simulated disk: the shipped classes, wired as the server wires them, on one thread.</summary>
internal sealed class SimulatedBroker
{
    public const int BlockBytes = 8 * 1024;

    private static readonly DataDirectoryIdentity Identity = new("simulated-cluster-0001", new BrokerId(1));

    private readonly BrokerSetup _setup;
    private readonly Mutation _mutation;
    private readonly SimulatedDisk _simulated;
    private readonly IDisk _disk;
    private readonly Random _chance;
    private readonly FakeTimeProvider _time;
    private readonly WalFiles _files = new();
    private readonly ClosedEpochs _closedEpochs = new();
    private readonly KillableSlabs _slabs = new();
    private readonly Queue<Action> _chores = new();
    private bool _choresQueued;
    private bool _isRecovering = true;
    private MetadataJournal? _journal;
    private ISessionStore? _sessions;
    private IManifestStore? _manifests;
    private TailCache? _tail;
    private WalReader? _reader;
    private Lane? _lane;
    private ILane? _shownLane;
    private WalStore? _store;
    private bool _writerQueued;

    private SimulatedBroker(SimulatedDisk disk, SeededScheduler scheduler, FakeTimeProvider time, (Random Chance, BrokerSetup Setup) choices)
    {
        _simulated = disk;
        Scheduler = scheduler;
        _time = time;
        (_chance, _setup) = choices;
        _mutation = _setup.Mutation;
        _disk = _mutation.Disk(disk, () => _isRecovering);
        Handles = new HandleTable(_closedEpochs);
    }

    public SeededScheduler Scheduler { get; }

    public HandleTable Handles { get; }

    public Lane Lane => _lane!;

    public FileLaneRecovery? Recovery { get; private set; }

    public PartitionOpener? Opener { get; private set; }

    /// <summary>A second one, as two activations of a grain would have: neither knows what the other does.</summary>
    public PartitionOpener? OtherOpener { get; private set; }

    public DateTimeOffset Now => _time.GetUtcNow();

    public BrokerUpkeep? Upkeep { get; private set; }

    public JournalParts? Journals { get; private set; }

    /// <summary>All WAL files, those of ended sessions too.</summary>
    public WalFiles Files => _files;

    public WatchedObjects? Objects { get; private set; }

    public IDisk Disk => _disk;

    /// <summary>Whether its machine or process is gone, with all that still runs of it.</summary>
    public bool IsGone => _simulated.IsStopped;

    public IManifestStore Manifests => _manifests!;

    /// <summary>Leases that are out though nobody reads: those of the tail cache and of unpublished blocks.</summary>
    public LeaseLedger Leases => _slabs.Leases;

    /// <summary>Starts a process: opens the directory and the journal, recovers, begins a session. What stops it is thrown.</summary>
    public static SimulatedBroker Start(SimulatedDisk disk, SeededScheduler scheduler, FakeTimeProvider time, Random chance, BrokerSetup setup)
    {
        var broker = new SimulatedBroker(disk, scheduler, time, (chance, setup));
        try
        {
            scheduler.Run(broker.StartAsync);
            return broker;
        }
        catch
        {
            broker.Abandon();
            throw;
        }
    }

    /// <summary>Lets the writer look at what time has made due.</summary>
    public void Tick()
    {
        WakeWriter();
    }

    /// <summary>What the broker does when its lane has ended: record the end, begin a new session. Returns false while the old one still settles.</summary>
    public async Task<bool> ReplaceLaneAsync()
    {
        var old = _lane!;
        if (old.End is not { } end) return false;
        await old.Ended;
        foreach (var handle in Handles.All.ToList())
        {
            if (handle.Session == old.Session) handle.Close(end.Cause is DiskException ? ErrorCode.KafkaStorageError : ErrorCode.NotLeaderOrFollower);
        }

        await SessionRecords.EndAsync(_sessions!, old.Session, old.PublishedEnd, CancellationToken.None);
        _store!.Dispose();
        await BeginSessionAsync();
        return true;
    }

    /// <summary>A clean stop.</summary>
    public async Task StopAsync()
    {
        if (_lane!.End is null)
        {
            await _lane.StopAsync(CancellationToken.None);
        }

        await _lane.Ended;
        await SessionRecords.EndAsync(_sessions!, _lane.Session, _lane.PublishedEnd, CancellationToken.None);
        await _journal!.DisposeAsync();
        ReleaseMemory();
    }

    /// <summary>The process is gone, with all that still runs of it and with its memory. Leases that are out then are no leak; those after a clean stop are.</summary>
    public void Abandon()
    {
        Scheduler.Abandon();
        ReleaseMemory();
        _slabs.Abandon();
    }

    // What caches hold, so that leases can be counted.
    private void ReleaseMemory()
    {
        _tail?.Clear();
        _reader?.Dispose();
    }

    private async Task StartAsync()
    {
        DataDirectory.OpenOrCreate(_disk, "data", Identity);
        _journal = MetadataJournal.Open(_disk, new MetadataJournalOptions { Scheduler = Scheduler, Time = _time, MinRotationBytes = 16 * 1024 });
        _sessions = _mutation.Sessions(_journal.Sessions);
        _manifests = _mutation.Manifests(_journal.Manifests);
        var manifestsOfRecovery = _mutation.RecoveryManifests(_manifests);
        Recovery = await FileLaneRecovery.StartAsync(
            new FileLaneRecoverySetup { Disk = _disk, Sessions = _sessions, Manifests = manifestsOfRecovery, Files = _files, Scheduler = Scheduler, Time = _time, ReadGrace = _setup.ReadGrace },
            CancellationToken.None);
        Objects = new WatchedObjects(_mutation.Objects(FileObjectStore.Open(_disk, Scheduler)), _journal.Manifests);
        _isRecovering = false;
        _tail = new TailCache(new TailCacheOptions { MaxBytes = 64 * 1024 });
        _reader = new WalReader(_disk, _files, _slabs, new WalReaderOptions { WindowBytes = _setup.FileBytes, MaxWindowBytes = _setup.FileBytes }, Scheduler);
        var editor = new ManifestEditor(_manifests, _chance, _time);
        var segments = new SegmentOptions { MaxBytes = _setup.SegmentBytes, IndexIntervalBytes = 4 * 1024 };
        Journals = new JournalParts { Objects = Objects, Manifests = editor, Random = _chance };
        await BeginSessionAsync();
        var opening = new PartitionOpenerParts
        {
            Manifests = _manifests,
            CurrentLane = () => _shownLane!,
            Recovered = _mutation.Recovered(Recovery),
            Handles = Handles,
            Serving = new ServingParts { Extents = new ExtentReader(_reader, new SegmentReader(Objects, _slabs, segments)), Tail = _tail, Time = _time, OnReadFailed = (_, _, error) => _setup.OnReadFailed(error) },
            Objects = Objects,
            ConfirmTopic = (partition, _) => ValueTask.FromResult(_setup.Exists(partition)),
            Random = _chance,
            Time = _time,
            Producers = new ProducerOptions { IdExpirationMs = int.MaxValue },
        };
        (Opener, OtherOpener) = (_mutation.Opener(opening), _mutation.Opener(opening));
        var usage = new WalUsage(_files, LaneOptions(), () => _lane!.Session);
        Upkeep = new BrokerUpkeep(_setup, SplitParts(editor, segments), new UpkeepStores(usage, Recovery.CloseUnneededAsync, () => _mutation.AfterSweepAsync(this)));
        _mutation.Started(this);
    }

    private SplitterParts SplitParts(ManifestEditor editor, SegmentOptions segments) => new()
    {
        Store = _manifests!,
        Manifests = editor,
        Objects = Objects!,
        Extents = _mutation.SplitExtents(_reader!),
        Slabs = _slabs,
        Handles = Handles,
        CurrentLane = () => _shownLane!,
        Open = OpenAsync,
        IsOpening = partition => !_mutation.SplitsWhileOpening && (Opener!.IsOpening(partition) || OtherOpener!.IsOpening(partition)),
        Random = _chance,
        Time = _time,
        Segments = segments,
        Options = new SplitOptions { CarryBytes = _setup.CarryBytes, BudgetBytes = 128 * 1024, CarryAtOnceBytes = 8 * 1024 },
        OnFailed = (_, error) => _setup.OnFailed(error),
    };

    private async ValueTask<PartitionHandle?> OpenAsync(PartitionId partition, CancellationToken cancellationToken)
    {
        if (Handles.TryGet(partition, out var serving) && serving.IsOwner) return serving;
        return (await Opener!.OpenAsync(partition, _setup.SettingsOf(partition), cancellationToken)).Handle;
    }

    private FileLaneOptions LaneOptions() => new() { FileBytes = _setup.FileBytes, MaxWalBytes = _setup.MaxWalBytes, BlockBytes = BlockBytes, Direct = false, ReserveBytes = 0 };

    private async Task BeginSessionAsync()
    {
        var session = await SessionRecords.BeginAsync(_sessions!, Identity.Broker, NewGuid, CancellationToken.None);
        _store = new WalStore(new WalStoreSetup
        {
            Disk = _disk, Session = session, Options = LaneOptions(), Files = _files, Time = _time, RunApart = RunApart, LargestBlockBytes = 2 * BlockBytes,
        });
        _lane = _mutation.NewLane(new LaneSetup
        {
            Session = session,
            Store = _mutation.Store(_store),
            Sessions = _sessions!,
            ClosedEpochs = _closedEpochs,
            Slabs = _slabs,
            Time = _time,
            Random = _chance,
            Dispatcher = Scheduler,
            WakeWriter = WakeWriter,
            Observer = _tail,
            BlockBytes = BlockBytes,
            MaxOpenBytes = 64 * 1024,
            MaxWriteBytes = 16 * 1024,
            ReadGrace = _setup.ReadGrace,
        });
        _store.OnSpace = _lane.OnSpace;
        _shownLane = _mutation.Lane(_lane);
    }

    private Guid NewGuid()
    {
        var bytes = new byte[16];
        _chance.NextBytes(bytes);
        return new Guid(bytes);
    }

    private void WakeWriter()
    {
        if (_writerQueued || _lane is null) return;
        _writerQueued = true;
        Task.Factory.StartNew(RunWriter, CancellationToken.None, TaskCreationOptions.DenyChildAttach, Scheduler);
    }

    private void RunWriter()
    {
        _writerQueued = false;
        while (_lane!.WriteSealed())
        {
        }
    }

    // One after the other, but at any time: a seed decides when.
    private void RunApart(Action chore)
    {
        _chores.Enqueue(chore);
        QueueChores();
    }

    private void QueueChores()
    {
        if (_choresQueued) return;
        _choresQueued = true;
        Task.Factory.StartNew(RunOneChore, CancellationToken.None, TaskCreationOptions.DenyChildAttach, Scheduler);
    }

    private void RunOneChore()
    {
        _choresQueued = false;
        if (_chores.TryDequeue(out var chore) && !_simulated.IsStopped) chore();
        if (_chores.Count > 0) QueueChores();
    }
}
