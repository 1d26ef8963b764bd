using OrleansStream.Log;
using OrleansStream.Log.AzureBlobs.Brokers;
using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Log.AzureBlobs.Manifests;
using OrleansStream.Log.AzureBlobs.Sessions;
using OrleansStream.Log.Brokers;
using OrleansStream.Log.Economy;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Ownership;
using OrleansStream.Log.Producers;
using OrleansStream.Log.Segments;
using OrleansStream.Log.Serving;
using OrleansStream.Log.Storage;
using OrleansStream.Model;
using OrleansStream.Model.Ids;

namespace OrleansStream.Simulation.Clusters;

/// <summary>One life of a broker's process: the shipped log over the simulated container, on a scheduler and a clock of its own.</summary>
internal sealed class ClusterBroker
{
    public const int BlockBytes = 8 * 1024;

    private readonly ClusterWorld _world;
    private readonly ProcessClock _time;
    private TimeSpan _frozen;

    public ClusterBroker(ClusterWorld world, int number, int life, (int Scheduler, int Log) seeds)
    {
        _world = world;
        Number = number;
        Silo = $"10.0.0.{number}:11111@{life}";
        Scheduler = new ProcessScheduler(seeds.Scheduler);
        _time = new ProcessClock(world.Clock, Scheduler);
        Storage = new StorageLink(world.Blobs, world.Clock, world.Weather, world.OnArrived);
        Manifests = new BlobManifestStore(Storage, clusterGeneration: 0);
        Sessions = new BlobSessionStore(Storage, new UndecidedPuts(_time, new Random(seeds.Log), TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1)), clusterGeneration: 0);
        Starting = Scheduler.Start(() => StartAsync(new Random(seeds.Log)));
    }

    public int Number { get; }

    public string Silo { get; }

    public ProcessScheduler Scheduler { get; }

    public StorageLink Storage { get; }

    /// <summary>Manifests as this broker reaches them.</summary>
    public IManifestStore Manifests { get; }

    /// <summary>Session records as this broker reaches them.</summary>
    public ISessionStore Sessions { get; }

    /// <summary>Null until it has started.</summary>
    public BlobLog? Log { get; private set; }

    /// <summary>The consumer groups whose journals are open here. Null until it has started.</summary>
    public ClusterGroups? Groups { get; private set; }

    /// <summary>Time as this process sees it.</summary>
    public TimeProvider Time => _time;

    public Task Starting { get; }

    /// <summary>A stop in good order that was asked for; null if none was.</summary>
    public Task? Stopping { get; private set; }

    public bool IsFrozen => Scheduler.IsFrozen;

    /// <summary>When it last woke after it had stood still for so long that it must not tell anything before it has looked (rule W2).</summary>
    public TimeSpan? Woke { get; private set; }

    public bool IsGone => Scheduler.IsDead;

    /// <summary>Runs, has started, and was not told to stop.</summary>
    public bool Serves => Log is not null && !IsGone && Stopping is null;

    public override string ToString() => Silo[(Silo.LastIndexOf('.') + 1)..];

    /// <summary>Stands still until <see cref="Wake"/>.</summary>
    public void Freeze()
    {
        Scheduler.IsFrozen = true;
        _frozen = _world.Clock.Now;
    }

    /// <summary>Goes on, if it stood still.</summary>
    public void Wake()
    {
        if (!IsFrozen) return;
        Scheduler.IsFrozen = false;
        if (_world.Clock.Now - _frozen > SessionWatch.LongestStall) Woke = _world.Clock.Now;
    }

    /// <summary>Ends it in good order.</summary>
    public void Stop() => Stopping ??= Scheduler.Start(async () => await Log!.DisposeAsync());

    /// <summary>Ends it at once. What it sent is still on its way.</summary>
    public void Kill()
    {
        Scheduler.Kill();
        Storage.IsSenderGone = true;
        Log?.Tail.Clear();
        Log?.Slabs.Dispose();
    }

    private async Task StartAsync(Random random)
    {
        var ledger = new WriteLedger(_world.Economy.Budget, _time);
        var container = new PricedBlobContainer(_world.Mutation.Container(Storage, this), ledger);
        var undecided = new UndecidedPuts(_time, random, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1));
        var registry = new BlobBrokerRegistry(container, undecided, clusterGeneration: 0);
        var view = new ClusterView(_world, this, registry);
        var owners = _world.Mutation.Owners(new SimulatedOwners(_world, this, registry), this);
        var record = new BrokerRecord
        {
            Broker = new BrokerId(Number), ClusterId = "simulated-cluster-0001", SiloAddress = Silo, SiloName = $"broker-{Number}", Session = default, Listeners = [], Version = "simulated",
        };
        var log = await BlobLog.StartAsync(
            new BlobLogSetup
            {
                Container = container,
                Registration = new BrokerRegistration(registry, record, static (_, _) => ValueTask.FromResult(true)),
                Owners = () => owners,
                Undecided = undecided,
                Time = _time,
                Random = random,
                ConfirmTopic = (partition, _) => ValueTask.FromResult(_world.Exists(partition)),
                Note = (text, error) => _world.OnNote(this, text, error),
                NoteFault = text => _world.OnNote(this, text, null),
                Lane = new BlobLaneOptions { Depth = _world.Depth, MaxOpenBytes = Limits.MaxBlockBytes, BlockBytes = BlockBytes },
                Linger = _world.Economy.Linger,
                Ledger = ledger,
                Journals = _world.Journals,
                TailCache = new TailCacheOptions { MaxBytes = _world.TailBytes },
                Producers = new ProducerOptions { IdExpirationMs = int.MaxValue },
                Segments = new SegmentOptions { MaxBytes = 16 * 1024, IndexIntervalBytes = 4 * 1024 },
                Split = _world.Upkeep.Split,
                Unsplit = _world.Upkeep.Unsplit,
                Merge = _world.Upkeep.Merge,
                Upkeep = _world.Upkeep.Options,
                Cluster = view.ForUpkeep,
                SettingsOf = _world.SettingsOf,
                Meters = _world.Meters,
                Scheduler = Scheduler,
                NewOpener = parts => _world.Mutation.Opener(parts, this),
                NewBlocks = _world.Mutation.Blocks,
                NewRelease = parts => new PartitionRelease(_world.Mutation.Release(parts)),
                StartLane = (store, setup) => new DrivenLane(
                    wake => _world.Mutation.LaneStore(store with { DigestSlots = _world.DigestSlots, Wake = wake }, this),
                    (built, wake) => _world.Mutation.NewLane(setup(built, wake) with { ReadGrace = _world.ReadGrace }, this),
                    (Scheduler, _time)),
            },
            CancellationToken.None);
        _world.Membership.Changed += () =>
        {
            if (!IsGone) Scheduler.Post(log.Shared.OnMembershipChanged);
        };
        log.Handles.Opened += handle => _world.OnOpened(this, handle);
        Groups = new ClusterGroups(_world, this, log);
        Log = log;
        _world.Note($"{this} started with session {log.Lanes.Current.Session}");
    }
}
