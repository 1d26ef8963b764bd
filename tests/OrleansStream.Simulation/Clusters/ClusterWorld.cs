using OrleansStream.Log;
using OrleansStream.Log.Journals;
using OrleansStream.Log.Serving;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;
using OrleansStream.Simulation.Schedules;
using OrleansStream.Testing.Blobs;
using OrleansStream.Testing.Records;

namespace OrleansStream.Simulation.Clusters;

/// <summary>Some brokers on one simulated container, with their clocks, calls and membership. What runs next a seed decides, and nothing else.</summary>
internal sealed class ClusterWorld
{
    private const int MaxSteps = 2_000_000;

    private readonly Random _chance;
    private readonly List<ClusterBroker> _brokers = [];
    private readonly List<ClusterBroker> _runnable = [];
    private readonly WorldTrace _trace = new();
    private readonly Dictionary<(PartitionId Partition, int Epoch), TimeSpan> _claimed = [];
    private ViolationException? _violation;
    private int _lives;
    private int _steps;

    public ClusterWorld(int seed, ClusterMutation mutation)
    {
        _chance = new Random(seed);
        Mutation = mutation;
        Blobs = new SimulatedBlobs(Clock);
        ContainerVerification.Found(Blobs);
        Weather = new StorageWeather(new Random(_chance.Next()));
        Membership = new Membership(Clock, new Random(_chance.Next()));
        Calls = new BrokerCalls(this, new Random(_chance.Next()));
        Manifests = new ManifestHistory(Blobs);
        Depth = 1 + _chance.Next(8);
        DigestSlots = _chance.Next(3) switch { 0 => 256, 1 => 8, _ => 2 };
        ReadGrace = TimeSpan.FromSeconds(_chance.Next(3) switch { 0 => 0, 1 => 20, _ => 600 });
        Upkeep = new ClusterUpkeep(new Random(_chance.Next()));
        Economy = new ClusterEconomy(new Random(_chance.Next()));
        Journals = new JournalOptions { SnapshotBytes = 1 << (8 + _chance.Next(8)), MaxWaitingAppends = 1 + _chance.Next(40) };
        TailBytes = _chance.Next(3) == 0 ? 16 * 1024 : 1024 * 1024;
    }

    public WorldClock Clock { get; } = new(DateTimeOffset.FromUnixTimeMilliseconds(BatchBuilder.DefaultTimestamp));

    public SimulatedBlobs Blobs { get; }

    public ClusterMutation Mutation { get; }

    public StorageWeather Weather { get; }

    public Membership Membership { get; }

    public BrokerCalls Calls { get; }

    public ManifestHistory Manifests { get; }

    /// <summary>Blocks that each lane has on its way.</summary>
    public int Depth { get; }

    /// <summary>Blocks that each lane describes together.</summary>
    public int DigestSlots { get; }

    public int TailBytes { get; }

    /// <summary>How long blocks outlive the trim that gave them up.</summary>
    public TimeSpan ReadGrace { get; }

    /// <summary>What waits for company, and what writes may cost.</summary>
    public ClusterEconomy Economy { get; }

    /// <summary>When journals of groups are condensed.</summary>
    public JournalOptions Journals { get; }

    /// <summary>When the background work of each broker does what.</summary>
    public ClusterUpkeep Upkeep { get; }

    /// <summary>Disposed at the end of the run.</summary>
    public WorldMeters Meters { get; } = new();

    /// <summary>The newest life of each broker that was ever started.</summary>
    public IReadOnlyList<ClusterBroker> Brokers => _brokers;

    /// <summary>Segments and snapshots that came to stand.</summary>
    public int Objects { get; private set; }

    /// <summary>Deletions of them.</summary>
    public int ObjectsDeleted { get; private set; }

    /// <summary>Deletions of blocks, trimmed ones and those of closed sessions.</summary>
    public int BlocksDeleted { get; private set; }

    public int Lives => _lives;

    public ulong EventHash => _trace.Hash;

    public string Trace => _trace.ToString();

    /// <summary>The partitions that there are.</summary>
    public List<ClusterLog> Logs { get; } = [];

    /// <summary>What clients know of consumer groups.</summary>
    public List<GroupHistory> Groups { get; } = [];

    /// <summary>Those whose topic is deleted, or about to be.</summary>
    public List<ClusterLog> Deleted { get; } = [];

    /// <summary>The broker at this address, if it runs.</summary>
    public ClusterBroker? Find(string silo) => _brokers.Find(broker => broker.Silo == silo && !broker.IsGone);

    public bool Exists(PartitionId partition) => Groups.Exists(group => group.Journal == partition) || Logs.Exists(log => log.Partition == partition) || Deleted.Exists(log => log.Partition == partition && !log.IsDeleted);

    public PartitionSettings? SettingsOf(PartitionId partition) => Logs.Find(log => log.Partition == partition)?.Settings;

    /// <summary>Starts a process; one that runs under the number must be gone.</summary>
    public ClusterBroker Start(int number)
    {
        if (_brokers.Find(broker => broker.Number == number) is { } old)
        {
            if (!old.IsGone) throw new InvalidOperationException($"Broker {number} runs.");
            Membership.DeclareDead(old.Silo); // Whoever joins under an address declares dead who had it before.
            _brokers.Remove(old);
        }

        var broker = new ClusterBroker(this, number, ++_lives, (_chance.Next(), _chance.Next()));
        _brokers.Add(broker);
        Note($"{broker} starts");
        return broker;
    }

    public void Note(string text) => _trace.Add(Clock.Now, text);

    /// <summary>Remembers what must not be, wherever it is found out: many a callback's exceptions are caught by what calls it.</summary>
    public void Violate(ViolationException violation) => _violation ??= violation;

    public void Check(Action check)
    {
        try
        {
            check();
        }
        catch (ViolationException violation)
        {
            Violate(violation);
        }
    }

    public void ThrowIfViolated()
    {
        if (ProcessScheduler.Intrusion is { } intrusion) throw new ViolationException($"Something ran on the thread pool, where no seed decides: {intrusion}");
        if (_violation is not null) throw _violation;
    }

    /// <summary>A put or deletion came to stand.</summary>
    public void OnArrived(BlobCall call)
    {
        if (call is { IsPut: true, Name: ['p', '/', ..] }) Objects++;
        if (call is { IsPut: false, Name: ['p', '/', ..] }) ObjectsDeleted++;
        if (call is { IsPut: false, Name: ['w', '/', ..] }) BlocksDeleted++;
        if (call is { IsPut: true, Name: ['b', '/', ..] }) Membership.OnRecord();
        Note($"{call.Kind} {call.Name}");
        if (!call.Name.StartsWith("m/", StringComparison.Ordinal) || !call.IsPut) return;
        Check(() =>
        {
            var manifest = Manifests.OnWritten(PartitionId.Parse(call.Name[(call.Name.IndexOf('/', 2) + 1)..]));
            _claimed.TryAdd((manifest.Partition, manifest.Epoch.Value), Clock.Now);
            Note($"manifest {manifest.Partition.Index} epoch {manifest.Epoch} owner {manifest.Owner} extents to {manifest.ExtentsEnd} start {manifest.LogStart}");
        });
    }

    /// <summary>When a claim after the one by which this handle serves came to stand; null if none has.</summary>
    public TimeSpan? LostAt(PartitionHandle handle) => _claimed.TryGetValue((handle.Id, handle.Epoch.Value + 1), out var at) ? at : null;

    /// <summary>A handle began to serve.</summary>
    public void OnOpened(ClusterBroker broker, PartitionHandle handle)
    {
        Note($"{broker} serves {handle.Id.Index} in {handle.Epoch} from {handle.LogStart} to {handle.HighWatermark}");
        Check(() =>
        {
            Manifests.CheckServed(handle.Id, handle.Epoch, handle.Session);
            if (Manifests.Newest(handle.Id)!.Epoch == handle.Epoch) Logs.Find(log => log.Partition == handle.Id)?.CheckOpened(handle);
        });
    }

    /// <summary>Storage loses nothing here that was said to stand: damage is what the product did.</summary>
    public void OnNote(ClusterBroker broker, string text, Exception? error)
    {
        Note($"{broker}: {text} {error?.Message}");
        if (IsDamage(error) || error is not (null or LogException or OperationCanceledException)) Violate(new ViolationException($"{broker}: {text} {error!.Message}"));
    }

    /// <summary>Does something on a broker, and judges what it fails with.</summary>
    public Task Begin(ClusterBroker broker, string what, Func<Task> work) => broker.Scheduler.Start(async () =>
    {
        try
        {
            await work();
        }
        catch (Exception error)
        {
            Judge(broker, what, error);
        }
    });

    /// <summary>What a task of the world's has failed with: storage may fail, and nothing else may.</summary>
    public void Judge(ClusterBroker broker, string what, Exception error)
    {
        Note($"{broker}: {what} failed: {error.GetType().Name}: {error.Message}");
        if (error is ViolationException violation) Violate(violation);
        else if (IsDamage(error) || error is not (LogException or OperationCanceledException)) Violate(new ViolationException($"{broker}: {what} failed: {error.GetType().Name}: {error.Message}"));
    }

    /// <summary>Lets everything run for some time.</summary>
    public void Pass(TimeSpan time)
    {
        var until = Clock.Now + time;
        while (RunOne() || Clock.RunNext(until)) CountStep();
        ThrowIfViolated();
    }

    /// <summary>Lets everything run until something is so; false if it is not within the time.</summary>
    public bool PassUntil(Func<bool> isSo, TimeSpan atMost)
    {
        var until = Clock.Now + atMost;
        while (!isSo())
        {
            if (!RunOne() && !Clock.RunNext(until)) return isSo();
            CountStep();
            ThrowIfViolated();
        }

        return true;
    }

    // Mostly something runs; now and then time goes on first, as for a process that is slow.
    private bool RunOne()
    {
        _runnable.Clear();
        foreach (var broker in _brokers)
        {
            if (broker.Scheduler.Waiting > 0) _runnable.Add(broker);
        }

        if (_runnable.Count == 0) return false;
        if (_chance.Next(16) == 0 && Clock.Next is { } next && next < Clock.Now + TimeSpan.FromMilliseconds(20)) return Clock.RunNext(next);
        return _runnable[_chance.Next(_runnable.Count)].Scheduler.RunOne();
    }

    private void CountStep()
    {
        if (++_steps > MaxSteps) throw new ViolationException($"Still busy after {MaxSteps} steps.");
    }

    private static bool IsDamage(Exception? error) => error is not null && (error is CorruptBlockException || IsDamage(error.InnerException));
}
