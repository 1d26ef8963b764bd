using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.TestingHost;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Coordination.Groups;
using OrleansStream.Grains.Cluster;
using OrleansStream.Grains.Tests.Harness;
using OrleansStream.Log.Brokers;
using OrleansStream.Log.Ownership;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Options.Configs;
using OrleansStream.Testing.Dispatch;

namespace OrleansStream.Grains.Tests.Cluster;

/// <summary>Several brokers in one process, each with a silo of its own, over storage that they share.</summary>
internal sealed class BrokerCluster : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, SharedLog> _logs = new(StringComparer.Ordinal);
    private readonly InProcessTestCluster _cluster;
    private readonly MovementOptions _movement;
    private int _last;

    private BrokerCluster(short brokers, MovementOptions movement)
    {
        _movement = movement;
        var builder = new InProcessTestClusterBuilder(brokers);
#pragma warning disable ORLEANSEXP003
        builder.Options.UseDistributedGrainDirectory = true;
#pragma warning restore ORLEANSEXP003
        builder.Options.ConfigureFileLogging = false;
        builder.ConfigureSilo((options, silo) => Configure(options.SiloName, silo));
        _cluster = builder.Build();
    }

    public SharedStorage Storage { get; } = new();

    public IReadOnlyList<TestBroker> Brokers => [.. _cluster.Silos.Select(Of)];

    public static async Task<BrokerCluster> StartAsync(short brokers, MovementOptions? movement = null)
    {
        var cluster = new BrokerCluster(brokers, movement ?? new MovementOptions { JoinDelay = TimeSpan.FromMilliseconds(200) });
        await cluster._cluster.DeployAsync();
        await Task.WhenAll(cluster.Brokers.Select(static broker => broker.BeginAsync()));
        return cluster;
    }

    /// <summary>As soon as all know of each other, and the catalog is served where it belongs: what was opened before that moves once more.</summary>
    public static async Task<BrokerCluster> StartSettledAsync(short brokers)
    {
        var cluster = await StartAsync(brokers);
        await Until.SoAsync(() => cluster.Brokers.All(broker => broker.Members.Layout is { IsComplete: true } layout && layout.Members.Count == brokers));
        await Until.SoAsync(() => cluster.Brokers.All(static broker => broker.Log.Handles.All.All(handle => broker.Members.PlacedOn(handle.Id) == broker.Id)));
        await Until.SoAsync(() => cluster.Brokers.Any(static broker => broker.Log.Handles.TryGet(HiddenTopics.CatalogPartition, out _)));
        return cluster;
    }

    /// <summary>One more broker.</summary>
    public async Task<TestBroker> JoinAsync()
    {
        var broker = Of(await _cluster.StartAdditionalSiloAsync());
        await broker.BeginAsync();
        return broker;
    }

    /// <summary>As kill -9: nothing more is acknowledged, and nothing handed over.</summary>
    public Task KillAsync(TestBroker broker)
    {
        broker.Log.Crash();
        return _cluster.KillSiloAsync(_cluster.Silos.Single(silo => silo.SiloAddress.Equals(broker.Silo)));
    }

    /// <summary>As SIGTERM, from where the broker has handed over what it could.</summary>
    public Task StopAsync(TestBroker broker) => _cluster.StopSiloAsync(_cluster.Silos.Single(silo => silo.SiloAddress.Equals(broker.Silo)));

    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync();
        foreach (var log in _logs.Values) log.Dispose();
        Storage.Dispose();
    }

    private TestBroker Of(InProcessSiloHandle silo) => new(silo.SiloAddress, _logs[silo.Name], _cluster.GetSiloServiceProvider(silo.SiloAddress));

    private void Configure(string name, ISiloBuilder silo)
    {
        var broker = new BrokerId(Interlocked.Increment(ref _last));
        var log = _logs[name] = new SharedLog(Storage, broker);
        silo.Configure<GrainDirectoryOptions>(static options => options.RangeLeaseDuration = TimeSpan.Zero);
        var services = silo.Services;
        services.AddSingleton<ToldLines>();
        services.AddSingleton<ILoggerProvider>(static provider => provider.GetRequiredService<ToldLines>());
        services.AddMetrics();
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(new BrokerConfigValues(new Dictionary<string, string>()));
        services.AddSingleton(new GroupOptions { InitialRebalanceDelay = TimeSpan.Zero });
        services.AddSingleton(static provider => new DeadlineWheel(provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(log);
        services.AddSingleton<IPartitionLog>(log);
        services.AddSingleton(log.Handles);
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(provider => new Registration(Storage, log, provider));
        services.AddBrokerGrains(PartitionsOf.Rules);
        services.AddBrokerCluster(new BrokerClusterSetup
        {
            Self = broker,
            Cluster = new ClusterRecord("cluster-of-tests", 0, PartitionsOf.Rules.Hash.Seed, PartitionsOf.Rules.Hash.Version, PartitionsOf.Rules.GroupPartitions),
            Registry = Storage,
            Releases = log,
            EndLane = _ => log.Crash(),
            EndProcess = static _ => { },
            Movement = _movement,
        });
    }

    // A broker says who it is before its silo joins, and before it asks anybody.
    private sealed class Registration(SharedStorage storage, SharedLog log, IServiceProvider services) : ILifecycleParticipant<ISiloLifecycle>
    {
        public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe(nameof(Registration), ServiceLifecycleStage.RuntimeInitialize, _ =>
        {
            var self = services.GetRequiredService<ILocalSiloDetails>();
            log.Owners = services.GetRequiredService<ISessionOwners>();
            storage.Put(new BrokerRecord
            {
                Broker = log.Broker,
                ClusterId = "cluster-of-tests",
                SiloAddress = self.SiloAddress.ToParsableString(),
                SiloName = self.Name,
                Session = log.Session,
                Listeners = [new AdvertisedListener("PLAINTEXT", "localhost", 9000 + log.Broker.Value)],
                Version = "1",
            });
            return Task.CompletedTask;
        });
    }
}
