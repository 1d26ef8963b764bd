using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Orleans.Configuration;
using OrleansStream.Abstractions.Cluster;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Coordination.Placement;
using OrleansStream.Grains;
using OrleansStream.Kafka.Gateway.Hosting;
using OrleansStream.Log.Files.Brokers;
using OrleansStream.Log.Serving;
using OrleansStream.Server.Http;

namespace OrleansStream.Server.Hosting;

/// <summary>Wires one broker: its silo, its Kafka listeners, its log, and HTTP beside them. Nothing is decided here that is not wiring.</summary>
internal static class BrokerHost
{
    private const int GrainsToRemember = 65_536;

    public static WebApplication Build(BrokerSettings settings, BrokerParts parts)
    {
        // Empty: the usual builder also watches every file below the working directory, where the data may lie.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.Services.AddRouting();
        builder.Configuration.AddConfiguration(settings.Configuration);
        ConsoleLog.AddTo(builder);
        Tracing.AddTo(builder.Services, settings);
        var state = new BrokerState();
        Services(builder.Services, settings, parts.Log);
        builder.Services.AddSingleton(state);
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = settings.Server.StopTimeout);
        builder.Services.Configure<SocketTransportOptions>(options => options.CreateBoundListenSocket = parts.Sockets.Take);
        builder.WebHost.ConfigureKestrel(kestrel => Listen(kestrel, settings));
        builder.UseOrleans(Silo);

        // After the silo, which must be up when the catalog is read; Kestrel comes last of all.
        builder.Services.AddHostedService(provider => ActivatorUtilities.CreateInstance<BrokerLifecycle>(provider, new StopOrder(parts.Stop)));
        builder.Services.AddSingleton<IHostLifetime, NoSignals>();

        var app = builder.Build();
        app.MapHealth(state, () => parts.Log.Health);
        app.MapMetrics(parts.Metrics);
        app.Services.GetRequiredService<PartitionMetrics>();
        parts.Catalog.Settings = app.Services.GetRequiredService<GrainStartup>().SettingsOf;
        parts.Catalog.Name = app.Services.GetRequiredService<GrainStartup>().NameOf;
        parts.Catalog.Catalog = id => app.Services.GetRequiredService<IGrainFactory>().GetGrain<ICatalogGrain>(0).KnowsAsync(id, CancellationToken.None);
        return app;
    }

    private static void Services(IServiceCollection services, BrokerSettings settings, FileLog log)
    {
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(settings.Kafka);
        services.AddSingleton(settings.Groups);
        services.AddSingleton(static provider => new DeadlineWheel(provider.GetRequiredService<TimeProvider>(), onFailed: DeadlineLog.For(provider.GetRequiredService<ILogger<DeadlineWheel>>())));
        services.AddSingleton(log);
        services.AddSingleton<IPartitionLog>(log);
        services.AddSingleton(log.Handles);
        services.AddSingleton<IClusterView>(new SingleNode(settings.Identity.ClusterId, settings.Identity.Broker, settings.Kafka["broker.rack"], settings.Listeners));
        services.AddBrokerGrains(new PlacementHash(0, PlacementHash.CurrentVersion));
        services.AddKafkaGateway();

        // Checked and merged with Kafka's names already.
        services.AddSingleton(settings.Gateway);
        services.AddSingleton(settings.Metrics);
        services.AddSingleton<PartitionMetrics>();
    }

    private static void Listen(KestrelServerOptions kestrel, BrokerSettings settings)
    {
        kestrel.AddServerHeader = false;
        foreach (var endpoint in settings.Http)
        {
            kestrel.Listen(endpoint);
        }

        foreach (var listener in settings.Listeners)
        {
            foreach (var endpoint in listener.Bind)
            {
                kestrel.Listen(endpoint, listen => listen.UseKafka(listener.Name));
            }
        }
    }

    // One node: nobody else calls this silo, so it has a port that nobody knows and no gateway.
    private static void Silo(ISiloBuilder silo)
    {
        silo.UseLocalhostClustering(siloPort: FreePort.Find(), gatewayPort: 0);
        silo.Configure<EndpointOptions>(options =>
        {
            options.AdvertisedIPAddress = IPAddress.Loopback;
            options.GatewayPort = 0;
        });
        // Two caches allocate for this many at once; the default of a million takes 19 MB.
        silo.Configure<GrainDirectoryOptions>(static options => options.CacheSize = GrainsToRemember);
        silo.Configure<SiloMessagingOptions>(options => options.ResponseTimeout = TimeSpan.FromSeconds(10));
    }
}
