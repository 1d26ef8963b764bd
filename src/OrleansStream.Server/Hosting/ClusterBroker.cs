using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using System.Net;
using System.Reflection;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Orleans.Configuration;
using Orleans.Runtime;
using OrleansStream.Clustering.AzureTables.Hosting;
using OrleansStream.Coordination.Placement;
using OrleansStream.Grains.Cluster;
using OrleansStream.Log.AzureBlobs.Accounts;
using OrleansStream.Log.AzureBlobs.Brokers;
using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Log.Brokers;
using OrleansStream.Log.Economy;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Ownership;
using OrleansStream.Log.Storage;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Server.Configuration;
using OrleansStream.Server.Http;

namespace OrleansStream.Server.Hosting;

/// <summary>One broker of a cluster, which keeps nothing of its own: its log lies in a container, its membership in a table of the same account.</summary>
internal static class ClusterBroker
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);

    /// <returns>False if it was told to stop before it served.</returns>
    // The order is that of trust: whose data it is, who may have this number, and only then a session, a silo and clients.
    public static async Task<bool> RunAsync(BoundSettings bound, ClusterStorage cluster, CancellationToken stop)
    {
        var notes = new StartupNotes();
        var order = StopOrder.Of(bound.Settings.Server.StopTimeout, stop);
        using var budget = order.Budget;

        // Found out here, since Orleans tells it as a failure of its own.
        bound.Sockets.Take(bound.Sockets.Bind([cluster.SiloListen], "The silo of this broker", "--silo IP:PORT")[0]).Dispose();
        var ledger = new WriteLedger(bound.Settings.WriteBudget, TimeProvider.System) { Topics = bound.Settings.Metrics.PerPartition ? new TopicWrites(TimeProvider.System) : null };
        using var calls = new StorageCallMetrics();
        var store = await OpenAsync(bound.Settings, cluster, (ledger, calls), stop);
        var settings = bound.Settings.With(bound.Listeners, bound.Http, new BrokerIdentity(store.Cluster.ClusterId, bound.Settings.Identity.Broker, cluster.Place));

        // Before the first instrument: those that are made earlier are found too, but what they count until then is not.
        using var metrics = new MetricsCollector();
        var parts = new BrokerParts(new LogSlot(), new CatalogLink(), bound.Sockets, metrics, order);
        using var spending = new WriteMetrics(ledger, id => parts.Catalog.TopicName(id));
        BlobLog? log = null;
        await using var broker = new BrokerApp(BrokerHost.Build(settings, parts, Form(settings, cluster, store, parts.Log, why => log?.Lanes.Current.Abort(new LaneEnd(why, null)))));
        var app = broker.Host;
        var registration = await RegisterAsync(app, settings, store, stop);
        var link = new ClusterLink();
        await using (log = await BlobLog.StartAsync(LogSetup(settings, store, registration, notes, (app, parts.Catalog)) with { Cluster = link.View, StopEnds = budget.LogEnds }, stop))
        {
            parts.Log.Fill(log);
            BrokerHost.Connect(app, parts.Catalog);
            link.Connect(app.Services.GetRequiredService<LogCluster>(), log.Shared);
            return await UntilStoppedOrReplacedAsync(broker, settings, (log, notes), order);
        }
    }

    // Without a lane for ever this process is of no use, and stands in the way of the one that has its number.
    private static async Task<bool> UntilStoppedOrReplacedAsync(BrokerApp broker, BrokerSettings settings, (BlobLog Log, StartupNotes Notes) parts, StopOrder stop)
    {
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(stop.Token);
        var givenUp = parts.Log.Lanes.GivenUp;
        using var over = new CancellationTokenSource();
        var watch = givenUp.ContinueWith(_ => ends.CancelAsync(), over.Token, TaskContinuationOptions.None, TaskScheduler.Default).Unwrap();
        var isWanted = await BrokerRun.UntilStoppedAsync(broker, settings, parts.Notes, stop with { Token = ends.Token });
        await over.CancelAsync();
        await watch.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return givenUp.IsCompleted ? throw new StartupException((await givenUp).Message) : isWanted;
    }

    private static async Task<ClusterStore> OpenAsync(BrokerSettings settings, ClusterStorage cluster, (WriteLedger Ledger, StorageCallMetrics Calls) counts, CancellationToken stop)
    {
        var undecided = new UndecidedPuts(TimeProvider.System, new Random(), FirstPause, cluster.Blobs.UndecidedTimeout);
        var account = await StorageStart.ReachAsync(
            token => BlobAccount.OpenAsync(cluster.Blobs, TimeProvider.System, credential: null, token), settings.Server.StorageTimeout, stop);

        // Whatever this broker writes goes through it: its records as well as its log.
        var container = new PricedBlobContainer(new MeasuredBlobContainer(account, counts.Calls, TimeProvider.System), counts.Ledger);
        var proposed = new ClusterRecord(
            settings.Identity.ClusterId, Generation: 1, RandomNumberGenerator.GetInt32(int.MaxValue), PlacementHash.CurrentVersion, HiddenTopics.GroupPartitions);
        var records = new BlobClusterRecords(container, undecided);
        var found = await StorageStart.ReachAsync(token => records.GetOrCreateAsync(proposed, token), settings.Server.StorageTimeout, stop);
        return settings.Server.ClusterId is { } expected && expected != found.ClusterId
            ? throw new StartupException($"The {cluster.Place} belongs to cluster {found.ClusterId}; OrleansStream:ClusterId says {expected}.")
            : new ClusterStore(container, counts.Ledger, undecided, found, new BlobBrokerRegistry(container, undecided, found.Generation));
    }

    private static BrokerForm Form(BrokerSettings settings, ClusterStorage cluster, ClusterStore store, LogSlot log, Action<string> endLane) => new(
        new PlacementRules(new PlacementHash(store.Cluster.HashSeed, store.Cluster.HashVersion), store.Cluster.GroupPartitions),
        services => services.AddBrokerCluster(new BrokerClusterSetup { Self = settings.Identity.Broker, Cluster = store.Cluster, Registry = store.Registry, Releases = log, EndLane = endLane, EndProcess = SuddenEnd.Now, Movement = settings.Movement }),
        silo =>
        {
            silo.UseOrleansStreamAzureTableClustering(cluster.Apply);
            silo.Configure<ClusterOptions>(options => options.ClusterId = options.ServiceId = store.Cluster.ClusterId);
            silo.Configure<SiloOptions>(options => options.SiloName = NameOf(settings));
            silo.Configure<EndpointOptions>(options =>
            {
                options.AdvertisedIPAddress = cluster.Silo.Address;
                options.SiloPort = cluster.Silo.Port;
                options.SiloListeningEndpoint = cluster.SiloListen;
                options.GatewayPort = 0;
            });
            silo.UseBrokerCluster();
        });

    // Before its lane has a session, and long before anybody is told of it.
    private static async Task<BrokerRegistration> RegisterAsync(WebApplication app, BrokerSettings settings, ClusterStore store, CancellationToken stop)
    {
        var silo = app.Services.GetRequiredService<ILocalSiloDetails>().SiloAddress;
        var table = app.Services.GetRequiredService<IMembershipTable>();
        await ReachMembersAsync("Opening", async token =>
        {
            await table.InitializeMembershipTableAsync(tryInitTableVersion: true, token);
            return true;
        }, settings, stop);
        var own = new BrokerRecord
        {
            Broker = settings.Identity.Broker,
            ClusterId = store.Cluster.ClusterId,
            SiloAddress = silo.ToParsableString(),
            SiloName = NameOf(settings),
            Session = default,
            Listeners = [.. settings.Listeners.Select(listener => new AdvertisedListener(listener.Name, listener.AdvertisedHost, listener.AdvertisedPort))],
            Rack = settings.Kafka["broker.rack"] is { Length: > 0 } rack ? rack : null,
            Version = typeof(ClusterBroker).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "",
        };
        var number = new BrokerNumber(table, store.Registry, TimeProvider.System);
        await ReachMembersAsync("Reading", async token =>
        {
            await number.RefuseTakenAddressesAsync(own, token);
            return true;
        }, settings, stop);
        return new BrokerRegistration(store.Registry, own, (stands, token) => ReachMembersAsync("Reading", read => number.IsGoneAsync(stands, silo, read), settings, token));
    }

    // All of it may be repeated. Orleans hands through whatever the account's client throws, so that it is told in the log's words first.
    private static async ValueTask<bool> ReachMembersAsync(string operation, Func<CancellationToken, ValueTask<bool>> call, BrokerSettings settings, CancellationToken cancellationToken) =>
        await StorageStart.ReachAsync(token => AccountFailure.ToldAsync("the membership table", operation, call, token), settings.Server.StorageTimeout, cancellationToken);

    // What placement hashes: the same at every start.
    private static string NameOf(BrokerSettings settings) => $"broker-{settings.Identity.Broker}";

    private static BlobLogSetup LogSetup(BrokerSettings settings, ClusterStore store, BrokerRegistration registration, StartupNotes notes, (WebApplication App, CatalogLink Catalog) host) => new()
    {
        Container = store.Container,
        ClusterGeneration = store.Cluster.Generation,
        Registration = registration,
        Owners = host.App.Services.GetService<ISessionOwners>,
        Undecided = store.Undecided,
        Time = TimeProvider.System,
        Random = new Random(),
        ConfirmTopic = host.Catalog.ConfirmAsync,
        Note = notes.Write,
        NoteFault = notes.WriteError,
        Moved = MoveLog.To(host.App.Services.GetRequiredService<ILoggerFactory>(), partition => host.Catalog.Name(partition)),
        NameOf = partition => host.Catalog.Name(partition),
        SettingsOf = partition => host.Catalog.Settings(partition),
        Lane = settings.BlobLane,
        Linger = settings.Linger,
        Ledger = store.Ledger,
        TailCache = settings.TailCache,
        Journals = settings.Journals,
        Producers = settings.Producers,
        Validation = settings.Validation.Records,
        Segments = settings.Segments,
        Reading = settings.BlobReading,
        Meters = host.App.Services.GetRequiredService<IMeterFactory>(),
        Split = settings.Split,
        Unsplit = settings.Unsplit,
        Merge = settings.Merge,
        Upkeep = settings.Upkeep,
        Background = settings.Background,
    };

    private sealed record ClusterStore(IBlobContainer Container, WriteLedger Ledger, UndecidedPuts Undecided, ClusterRecord Cluster, IBrokerRegistry Registry);
}
