using OrleansStream.Log.AzureBlobs.Brokers;
using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Log.AzureBlobs.Tests.Brokers;
using OrleansStream.Log.AzureBlobs.Upkeep;
using OrleansStream.Log.Brokers;
using OrleansStream.Log.Economy;
using OrleansStream.Log.Ownership;
using OrleansStream.Log.Retention;
using OrleansStream.Log.Segments;
using OrleansStream.Log.Serving;
using OrleansStream.Model;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Tests.Upkeep;

/// <summary>One life of a broker in an <see cref="UpkeepWorld"/>: the whole log, on a scheduler that the test runs.</summary>
internal sealed class UpkeepBroker
{
    private readonly UpkeepWorld _world;
    private readonly int _life;

    public UpkeepBroker(UpkeepWorld world, int number, int life)
    {
        (_world, _life) = (world, life);
        Number = number;
        Silo = $"10.0.0.{number}:11111@{life}";
        Scheduler = new WorldScheduler(life);
        Container = new FreezableContainer(world.Container);
    }

    public int Number { get; }

    public string Silo { get; }

    public WorldScheduler Scheduler { get; }

    /// <summary>Its way to the container: what a killed broker asks for never arrives.</summary>
    public FreezableContainer Container { get; }

    public BlobLog Log { get; private set; } = null!;

    public bool IsDead { get; set; }

    public SessionId Session => Log.Lanes.Current.Session;

    public List<string> Notes { get; } = [];

    public async Task<BlobLog> StartAsync()
    {
        // Another one in each life: names that were never used are what sessions are told apart by.
        var random = new Random((_world.Seed * 1000) + _life);
        var undecided = new UndecidedPuts(_world.Time, random, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1));
        var registry = new BlobBrokerRegistry(Container, undecided, UpkeepWorld.Generation);
        var record = new BrokerRecord
        {
            Broker = new BrokerId(Number), ClusterId = TestCluster.ClusterId, SiloAddress = Silo, SiloName = $"broker-{Number}", Session = default, Listeners = [], Version = "test",
        };
        return Log = await BlobLog.StartAsync(
            new BlobLogSetup
            {
                Container = Container,
                ClusterGeneration = UpkeepWorld.Generation,
                Registration = new BrokerRegistration(registry, record, static (_, _) => ValueTask.FromResult(true)),
                Owners = () => new Owners(_world),
                Undecided = undecided,
                Time = _world.Time,
                Random = random,
                ConfirmTopic = (partition, _) => ValueTask.FromResult(!_world.DeletedTopics.Contains(partition.Topic)),
                SettingsOf = _world.SettingsOf,
                Note = (text, error) => Notes.Add($"{text} {error}"),
                NoteFault = Notes.Add,
                Lane = _world.Lane,
                Linger = new LingerOptions { Low = TimeSpan.Zero, Balanced = TimeSpan.Zero, Economy = TimeSpan.Zero },
                TailCache = new TailCacheOptions { MaxBytes = _world.TailBytes },
                Unsplit = _world.Unsplit,
                Split = new SplitOptions { CarryBytes = 64 * Limits.KiB },
                Segments = _world.Cut,
                Merge = _world.Merge,
                Upkeep = new UpkeepOptions { SweepOnlyReports = _world.SweepOnlyReports },
                Cluster = new BlobClusterView
                {
                    IsPlacedHere = partition => _world.PlacedOn(partition) == this,
                    DoesSharedWork = () => _world.Living.First() == this,
                    StandingOf = (session, token) => _world.StandingOfAsync(registry, session, token),
                    OpenWherePlaced = async (partition, _) => await _world.PlacedOn(partition).OpenAsync(partition),
                },
                Scheduler = Scheduler,
                StartLane = (store, setup) => new DrivenLane(store, setup, Scheduler, _world.Time),
            },
            CancellationToken.None);
    }

    /// <summary>Opens a partition as a client's request does.</summary>
    public Task<OpenedHandle> OpenAsync(PartitionId partition) =>
        Scheduler.Start(async () => await Log.OpenAsync(partition, _world.SettingsOf(partition) ?? new PartitionSettings(), CancellationToken.None));

    /// <summary>Deletes a partition, as its topic's deletion does.</summary>
    public Task<bool> DeleteAsync(PartitionId partition) => Scheduler.Start(async () =>
    {
        await Log.DeleteAsync(partition, CancellationToken.None);
        return true;
    });

    public Task<ErrorCode> MoveLogStartAsync(PartitionHandle handle, Offset offset) =>
        Scheduler.Start(async () => await Log.MoveLogStartAsync(handle, offset, CancellationToken.None));

    /// <summary>Ends it at once: nothing of it runs any more, and nothing that it asks for arrives.</summary>
    public void Kill()
    {
        IsDead = true;
        Container.Freeze();
        Scheduler.Kill();
    }

    private sealed class Owners(UpkeepWorld world) : ISessionOwners
    {
        public ValueTask<ReleaseAnswer> ReleaseAsync(SessionId owner, PartitionId partition, CancellationToken cancellationToken) =>
            world.Living.FirstOrDefault(broker => broker.Number == owner.Broker.Value) is { } broker
                ? broker.Log.ReleaseAsync(partition, owner, cancellationToken)
                : ValueTask.FromResult(new ReleaseAnswer(ReleaseVerdict.Dead));
    }
}
