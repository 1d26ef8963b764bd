using Microsoft.Extensions.DependencyInjection;
using Orleans.TestingHost;
using OrleansStream.Abstractions.Cluster;
using OrleansStream.Abstractions.Groups;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Coordination.Groups;
using OrleansStream.Log.Files.Brokers;
using OrleansStream.Log.Files.Directories;
using OrleansStream.Log.Files.Wal;
using OrleansStream.Grains.Tests.Harness;
using OrleansStream.Log.Serving;
using OrleansStream.Model;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Options.Configs;
using OrleansStream.Testing.Disks;

namespace OrleansStream.Grains.Tests.Silo;

/// <summary>One silo with the grains of a broker over a log on a simulated disk.</summary>
public sealed class BrokerSilo : IAsyncLifetime
{
    private readonly string _path = Directory.CreateTempSubdirectory("orleansstream-silo-").FullName;
    private readonly SimulatedDisk _disk = new();
    private DataDirectory? _directory;
    private InProcessTestCluster? _cluster;

    public FileLog Log { get; private set; } = null!;

    /// <summary>The same log as its grains see it.</summary>
    internal FaultyLog Faulty { get; private set; } = null!;

    /// <summary>The broker's service, as code in its silo reaches it.</summary>
    public IBrokerService Broker => Service<IBrokerServices>().Of(_cluster!.Silos[0].SiloAddress);

    public IGrainFactory Grains => _cluster!.Client;

    public CatalogView View => Service<CatalogView>();

    public TicketBoard Tickets => Service<TicketBoard>();

    public ITopicGrain Topic(string name) => Grains.GetGrain<ITopicGrain>(name);

    public async ValueTask InitializeAsync()
    {
        _directory = DataDirectory.Open(_path, _ => _disk, new DataDirectoryIdentity(DataDirectoryIdentity.NewClusterId(new Guid(1, 2, 3, new byte[8])), new BrokerId(1)));
        Log = await FileLog.StartAsync(
            new FileLogSetup
            {
                Directory = _directory,
                Time = TimeProvider.System,
                Random = new Random(1),
                ConfirmTopic = async (partition, cancellationToken) =>
                    HiddenTopics.Contains(partition.Topic) || await Grains.GetGrain<ICatalogGrain>(0).KnowsAsync(partition.Topic, cancellationToken),
                Note = static (_, _) => { },
                NoteFault = static _ => { },
                Lane = new FileLaneOptions { FileBytes = 2L * Limits.MaxBlockBytes, ReserveBytes = 0 },
            },
            CancellationToken.None);
        Faulty = new FaultyLog(Log);
        var builder = new InProcessTestClusterBuilder(1);
        builder.ConfigureSilo((_, silo) => Services(silo.Services));
        _cluster = builder.Build();
        await _cluster.DeployAsync();
        Service<GrainStartup>().Begin();
        await Grains.GetGrain<ICatalogGrain>(0).LoadAsync(CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await _cluster!.DisposeAsync();
        await Log.DisposeAsync();
        _directory!.Dispose();
        Directory.Delete(_path, recursive: true);
    }

    /// <summary>Stops the silo in order, as SIGTERM does, and leaves the log as it is then.</summary>
    public Task StopAsync() => _cluster!.StopAllSilosAsync();

    private T Service<T>()
        where T : notnull => _cluster!.GetSiloServiceProvider(_cluster.Silos[0].SiloAddress).GetRequiredService<T>();

    private void Services(IServiceCollection services)
    {
        services.AddMetrics();
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(new BrokerConfigValues(new Dictionary<string, string>()));

        // Members come one after the other here; nobody waits for company.
        services.AddSingleton(new GroupOptions { InitialRebalanceDelay = TimeSpan.Zero });
        services.AddSingleton(static provider => new DeadlineWheel(provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<IPartitionLog>(Faulty);
        services.AddLoneBroker(new OneBroker());
        services.AddSingleton(Log.Handles);
        services.AddBrokerGrains(PartitionsOf.Rules);
    }
}
