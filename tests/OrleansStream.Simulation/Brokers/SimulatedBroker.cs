using Microsoft.Extensions.Time.Testing;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Files.Directories;
using OrleansStream.Log.Files.Metadata;
using OrleansStream.Log.Files.Objects;
using OrleansStream.Log.Files.Recovery;
using OrleansStream.Log.Files.Wal;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Retention;
using OrleansStream.Log.Serving;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Disks;
using OrleansStream.Testing.Dispatch;

namespace OrleansStream.Simulation.Brokers;

/// <summary>One life of a broker's process over a simulated disk: the shipped classes, wired as the server wires them, on one thread.</summary>
internal sealed class SimulatedBroker
{
    public const int FileBytes = 64 * 1024;
    public const int BlockBytes = 8 * 1024;

    private static readonly DataDirectoryIdentity Identity = new("simulated-cluster-0001", new BrokerId(1));

    private readonly Mutation _mutation;
    private readonly SimulatedDisk _simulated;
    private readonly IDisk _disk;
    private readonly Random _chance;
    private readonly FakeTimeProvider _time;
    private readonly WalFiles _files = new();
    private readonly ClosedEpochs _closedEpochs = new();
    private readonly SlabPool _slabs = new();
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

    private SimulatedBroker(SimulatedDisk disk, SeededScheduler scheduler, FakeTimeProvider time, (Random Chance, Mutation Mutation) choices)
    {
        _simulated = disk;
        Scheduler = scheduler;
        _time = time;
        (_chance, _mutation) = choices;
        _disk = _mutation.Disk(disk, () => _isRecovering);
        Handles = new HandleTable(_closedEpochs);
    }

    public SeededScheduler Scheduler { get; }

    public HandleTable Handles { get; }

    public Lane Lane => _lane!;

    public FileLaneRecovery? Recovery { get; private set; }

    public PartitionOpener? Opener { get; private set; }

    public ManifestEditor? Editor { get; private set; }

    public ProducerSnapshots? Producers { get; private set; }

    public PendingObjects? Pending { get; private set; }

    public LogStartMover? Mover { get; private set; }

    public IManifestStore Manifests => _manifests!;

    /// <summary>Leases that are out though nobody reads: those of the tail cache and of unpublished blocks.</summary>
    public LeaseLedger Leases => _slabs.Leases;

    /// <summary>Starts a process: opens the directory and the journal, recovers, begins a session. What stops it is thrown.</summary>
    public static SimulatedBroker Start(SimulatedDisk disk, SeededScheduler scheduler, FakeTimeProvider time, Random chance, Mutation mutation)
    {
        var broker = new SimulatedBroker(disk, scheduler, time, (chance, mutation));
        scheduler.Run(broker.StartAsync);
        return broker;
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

    /// <summary>Gives back what a dead process held, so that leases can be counted.</summary>
    public void ReleaseMemory()
    {
        _tail?.Clear();
        _reader?.Dispose();
    }

    /// <summary>Of a process that is gone. What it still had on lease is lost.</summary>
    public void FreeMemory()
    {
        ReleaseMemory();
        _slabs.Dispose();
    }

    private async Task StartAsync()
    {
        DataDirectory.OpenOrCreate(_disk, "data", Identity);
        _journal = MetadataJournal.Open(_disk, new MetadataJournalOptions { Scheduler = Scheduler, Time = _time, MinRotationBytes = 16 * 1024 });
        _sessions = _mutation.Sessions(_journal.Sessions);
        _manifests = _mutation.Manifests(_journal.Manifests);
        Recovery = await FileLaneRecovery.StartAsync(
            new FileLaneRecoverySetup { Disk = _disk, Sessions = _sessions, Manifests = _manifests, Files = _files, Scheduler = Scheduler, Time = _time }, CancellationToken.None);
        var objects = FileObjectStore.Open(_disk, Scheduler);
        _isRecovering = false;
        _tail = new TailCache(new TailCacheOptions { MaxBytes = 64 * 1024 });
        _reader = new WalReader(_disk, _files, _slabs, new WalReaderOptions { WindowBytes = FileBytes, MaxWindowBytes = FileBytes }, Scheduler);
        Editor = new ManifestEditor(_manifests, _chance, _time);
        Pending = new PendingObjects(_manifests, Editor, objects, Handles, _time);
        Producers = new ProducerSnapshots(Editor, objects, Pending, _chance) { BytesBetween = 1 };
        Mover = new LogStartMover(Editor, Pending, Producers);
        await BeginSessionAsync();
        Opener = _mutation.Opener(new PartitionOpenerParts
        {
            Manifests = _manifests,
            CurrentLane = () => _shownLane!,
            Recovered = _mutation.Recovered(Recovery),
            Handles = Handles,
            Serving = new ServingParts { Extents = _reader, Tail = _tail, Time = _time },
            Objects = objects,
            ConfirmTopic = (_, _) => ValueTask.FromResult(true),
            Random = _chance,
            Time = _time,
        });
    }

    private async Task BeginSessionAsync()
    {
        var session = await SessionRecords.BeginAsync(_sessions!, Identity.Broker, NewGuid, CancellationToken.None);
        var options = new FileLaneOptions { FileBytes = FileBytes, BlockBytes = BlockBytes, Direct = false, ReserveBytes = 0 };
        _store = new WalStore(new WalStoreSetup
        {
            Disk = _disk, Session = session, Options = options, Files = _files, Time = _time, RunApart = RunApart, LargestBlockBytes = 2 * BlockBytes,
        });
        _lane = new Lane(new LaneSetup
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
