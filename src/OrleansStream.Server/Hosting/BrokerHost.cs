using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Orleans.Configuration;
using OrleansStream.Abstractions.Cluster;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Coordination.Placement;
using OrleansStream.Grains;
using OrleansStream.Kafka.Gateway.Hosting;
using OrleansStream.Log.Files.Brokers;
using OrleansStream.Log.Serving;
using OrleansStream.Server.Configuration;
using OrleansStream.Server.Http;
using GatewayOptions = OrleansStream.Kafka.Gateway.Connections.GatewayOptions;

namespace OrleansStream.Server.Hosting;

/// <summary>Wires one broker: its silo, its Kafka listeners, its log, and HTTP beside them. Nothing is decided here that is not wiring.</summary>
internal static class BrokerHost
{
    public static WebApplication Build(BrokerSettings settings, FileLog log, CatalogConfirmation confirmation)
    {
        // Empty: the usual builder also watches every file below the working directory, where the data may lie.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.Services.AddRouting();
        builder.Configuration.AddConfiguration(settings.Configuration);
        Logging(builder);
        var registry = MetricsEndpoint.StartCollecting();
        var state = new BrokerState();
        Services(builder.Services, settings, log);
        builder.Services.AddSingleton(state);
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = settings.Server.StopTimeout);
        builder.Services.Configure<GatewayOptions>(options => BrokerOptions.Gateway(options, settings.Kafka));
        builder.WebHost.ConfigureKestrel(kestrel => Listen(kestrel, settings));
        builder.UseOrleans(Silo);

        // After the silo, which must be up when the catalog is read; Kestrel comes last of all.
        builder.Services.AddHostedService<BrokerLifecycle>();

        var app = builder.Build();
        app.MapHealth(state);
        app.MapMetrics(registry);
        confirmation.Catalog = id => app.Services.GetRequiredService<IGrainFactory>().GetGrain<ICatalogGrain>(0).KnowsAsync(id, CancellationToken.None);
        return app;
    }

    private static void Logging(WebApplicationBuilder builder)
    {
        builder.Logging.ClearProviders();
        builder.Logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "yyyy-MM-dd HH:mm:ss.fff ";
            console.UseUtcTimestamp = true;
        });

        // Orleans and ASP.NET tell of their own lives at length; an operator of this broker wants their complaints.
        builder.Logging.AddFilter("Orleans", LogLevel.Warning).AddFilter("Microsoft", LogLevel.Warning).AddFilter("Polly", LogLevel.Error).AddFilter("Orleans.Runtime.Watchdog", LogLevel.Error);
        builder.Logging.AddConfiguration(builder.Configuration.GetSection("Logging"));
    }

    private static void Services(IServiceCollection services, BrokerSettings settings, FileLog log)
    {
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(settings.Kafka);
        services.AddSingleton(BrokerOptions.Groups(settings.Kafka));
        services.AddSingleton(static provider => new DeadlineWheel(provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(log);
        services.AddSingleton<IPartitionLog>(log);
        services.AddSingleton(log.Handles);
        services.AddSingleton<IClusterView>(new SingleNode(settings.Identity.ClusterId, settings.Identity.Broker, settings.Kafka["broker.rack"], settings.Listeners));
        services.AddBrokerGrains(new PlacementHash(0, PlacementHash.CurrentVersion));
        services.AddKafkaGateway();
    }

    private static void Listen(KestrelServerOptions kestrel, BrokerSettings settings)
    {
        kestrel.AddServerHeader = false;
        var (host, port) = ListenerParser.HostAndPort(settings.Server.Http, "--http");
        foreach (var endpoint in ListenerParser.BindAddresses(host, port, "--http"))
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
        silo.Configure<SiloMessagingOptions>(options => options.ResponseTimeout = TimeSpan.FromSeconds(10));
    }
}
