using System.Net;
using Orleans.Configuration;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Coordination.Placement;
using OrleansStream.Grains;
using OrleansStream.Log.Files.Brokers;
using OrleansStream.Log.Files.Directories;
using OrleansStream.Log.Files.Disks;
using OrleansStream.Server.Http;

namespace OrleansStream.Server.Hosting;

/// <summary>A broker by itself, with its data in a directory.</summary>
internal static class FileBroker
{
    private const int GrainsToRemember = 65_536;

    /// <returns>False if it was told to stop before it served.</returns>
    public static async Task<bool> RunAsync(BoundSettings bound, CancellationToken stop)
    {
        var notes = new StartupNotes();
        var asked = bound.Settings;
        var order = StopOrder.Of(asked.Server.StopTimeout, stop);
        using var budget = order.Budget;
        using var directory = DataDirectory.Open(asked.Server.Data, root => new LinuxDisk(root, text => notes.Write(text, null)), new DataDirectoryIdentity(asked.Identity.ClusterId, asked.Identity.Broker));
        var found = directory.Identity;
        if (asked.Server.ClusterId is { } expected && expected != found.ClusterId)
        {
            throw new StartupException($"The data directory '{directory.Path}' belongs to cluster {found.ClusterId}; OrleansStream:ClusterId says {expected}.");
        }

        var settings = asked.With(bound.Listeners, bound.Http, new BrokerIdentity(found.ClusterId, found.Broker, directory.Path));

        // Before the first instrument: those that are made earlier are found too, but what they count until then is not.
        using var metrics = new MetricsCollector();
        var parts = new BrokerParts(new LogSlot(), new CatalogLink(), bound.Sockets, metrics, order);
        await using var log = await FileLog.StartAsync(LogSetup(settings, directory, notes, parts.Catalog) with { StopEnds = budget.LogEnds }, stop);
        parts.Log.Fill(log);
        stop.ThrowIfCancellationRequested();
        await using var broker = new BrokerApp(BrokerHost.Build(settings, parts, Form(settings)));
        BrokerHost.Connect(broker.Host, parts.Catalog);
        return await BrokerRun.UntilStoppedAsync(broker, settings, notes, order);
    }

    // Nobody else calls this silo, so it has a port that nobody knows and no gateway.
    private static BrokerForm Form(BrokerSettings settings) => new(
        new PlacementRules(new PlacementHash(0, PlacementHash.CurrentVersion), HiddenTopics.GroupPartitions),
        services => services.AddLoneBroker(new SingleNode(settings.Identity.ClusterId, settings.Identity.Broker, settings.Kafka["broker.rack"], settings.Listeners)),
        static silo =>
        {
            silo.UseLocalhostClustering(siloPort: FreePort.Find(), gatewayPort: 0);
            silo.Configure<EndpointOptions>(static options =>
            {
                options.AdvertisedIPAddress = IPAddress.Loopback;
                options.GatewayPort = 0;
            });
            // Two caches allocate for this many at once; the default of a million takes 19 MB.
            silo.Configure<GrainDirectoryOptions>(static options => options.CacheSize = GrainsToRemember);
            silo.Configure<SiloMessagingOptions>(static options => options.ResponseTimeout = TimeSpan.FromSeconds(10));
        });

    private static FileLogSetup LogSetup(BrokerSettings settings, DataDirectory directory, StartupNotes notes, CatalogLink catalog) => new()
    {
        Directory = directory,
        Time = TimeProvider.System,
        Random = new Random(),
        ConfirmTopic = catalog.ConfirmAsync,
        Note = notes.Write,
        NoteFault = notes.WriteError,
        NameOf = partition => catalog.Name(partition),
        Lane = settings.Lane,
        Linger = settings.Linger,
        ColdReads = settings.ColdReads,
        TailCache = settings.TailCache,
        Journals = settings.Journals,
        Producers = settings.Producers,
        Validation = settings.Validation.Records,
        Segments = settings.Segments,
        Split = settings.Split,
        Upkeep = settings.Upkeep,
        SettingsOf = partition => catalog.Settings(partition),

        // What keeps groups and the catalog is always about to be asked.
        ClosesWhenIdle = static partition => !HiddenTopics.Contains(partition.Topic),
        Meters = new ProcessMeters(),
    };
}
