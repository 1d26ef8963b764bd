using OrleansStream.Log.Files.Wal;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Retention;
using OrleansStream.Log.Segments;
using OrleansStream.Log.Serving;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Simulation.Brokers;

/// <summary>What lets go of data, wired as the server wires it. Its schedules are the simulation's: nothing runs by itself.</summary>
internal sealed class BrokerUpkeep
{
    private readonly Upkeep _upkeep;
    private readonly Func<CancellationToken, Task> _closeSessions;
    private readonly Func<Task> _afterSweep;

    public BrokerUpkeep(BrokerSetup setup, SplitterParts split, UpkeepStores stores)
    {
        Editor = split.Manifests;
        Usage = stores.Usage;
        _closeSessions = stores.CloseSessions;
        _afterSweep = stores.AfterSweep;
        Pending = new PendingObjects(split.Store, Editor, split.Objects, split.Handles, split.Time);
        Producers = new ProducerSnapshots(Editor, split.Objects, Pending, split.Random) { BytesBetween = 1 };
        Mover = new LogStartMover(Editor, Pending, Producers);
        Deletion = new PartitionDeletion(Editor, split.Handles, split.CurrentLane, Pending);
        Splitter = new Splitter(split);
        Sweep = new ObjectSweep(new SweepParts(split.Store, Editor, split.Objects, (partition, _) => ValueTask.FromResult(setup.Exists(partition)), split.CurrentLane), Pending, split.Time);
        _upkeep = new Upkeep(new UpkeepParts
        {
            Store = split.Store,
            Handles = split.Handles,
            CurrentLane = split.CurrentLane,
            Wal = new WalPartUpkeep(Usage, Splitter, split.CurrentLane, stores.CloseSessions, split.Time),
            Retention = new PartitionRetention(Mover, split.Time),
            Producers = Producers,
            Pending = Pending,
            Sweep = Sweep,
            CloseSessions = stores.CloseSessions,
            SettingsOf = partition => setup.SettingsOf(partition),
            Open = split.Open,
            ClosesWhenIdle = setup.ClosesWhenIdle,
            Time = split.Time,
            Options = new UpkeepOptions { RetentionInterval = TimeSpan.FromMinutes(1), SweepInterval = TimeSpan.FromHours(1), IdleClose = TimeSpan.FromMinutes(20) },
            OnFailed = (_, error) => setup.OnFailed(error),
        });
    }

    public ManifestEditor Editor { get; }

    public IWalUsage Usage { get; }

    public PendingObjects Pending { get; }

    public ProducerSnapshots Producers { get; }

    public LogStartMover Mover { get; }

    public PartitionDeletion Deletion { get; }

    public Splitter Splitter { get; }

    public ObjectSweep Sweep { get; }

    /// <summary>One look at the WAL. One call at a time.</summary>
    public Task TendWalAsync() => _upkeep.TendWalAsync(CancellationToken.None).AsTask();

    /// <summary>One look at partitions and objects. One call at a time.</summary>
    public async Task TendPartitionsAsync()
    {
        await _upkeep.TendPartitionsAsync(CancellationToken.None);
        await _afterSweep();
    }

    public Task CloseSessionsAsync() => _closeSessions(CancellationToken.None);
}

/// <summary>What else <see cref="BrokerUpkeep"/> takes of its broker.</summary>
/// <param name="Usage">Of the WAL.</param>
/// <param name="CloseSessions">Closes ended sessions that nobody needs.</param>
/// <param name="AfterSweep">What a mutant does besides.</param>
internal sealed record UpkeepStores(WalUsage Usage, Func<CancellationToken, Task> CloseSessions, Func<Task> AfterSweep);
