using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Orleans.Configuration;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Grains;
using OrleansStream.Kafka.Gateway.Hosting;
using OrleansStream.Log.Serving;
using OrleansStream.Server.Http;

namespace OrleansStream.Server.Hosting;

/// <summary>Wires one broker: its silo, its Kafka listeners, its log, and HTTP beside them. Nothing is decided here that is not wiring.</summary>
internal static class BrokerHost
{
    /// <param name="settings">Of the broker.</param>
    /// <param name="parts">What is there already.</param>
    /// <param name="form">What makes it a broker by itself, or one of a cluster.</param>
    public static WebApplication Build(BrokerSettings settings, BrokerParts parts, BrokerForm form)
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
        builder.Services.AddBrokerGrains(form.Rules);
        builder.Services.AddSingleton(state);
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = parts.Stop.Budget.ForConnections);
        builder.Services.Configure<SocketTransportOptions>(options => options.CreateBoundListenSocket = parts.Sockets.Take);
        builder.WebHost.ConfigureKestrel(kestrel => Listen(kestrel, settings));
        builder.UseOrleans(form.Silo);

        // Starts after the silo and stops before it.
        form.Services(builder.Services);

        // After the silo, which must be up when the catalog is read; Kestrel comes last of all.
        builder.Services.AddHostedService(provider => ActivatorUtilities.CreateInstance<BrokerLifecycle>(provider, parts.Stop));
        builder.Services.AddSingleton<IHostLifetime, NoSignals>();

        var app = builder.Build();
        app.MapHealth(state, () => parts.Log.Health);
        app.MapMetrics(parts.Metrics);
        return app;
    }

    /// <summary>Lets the log know the catalog, which is kept in it. To be called once the log is open, before the host starts.</summary>
    public static void Connect(WebApplication app, CatalogLink catalog)
    {
        app.Services.GetRequiredService<PartitionMetrics>();
        var startup = app.Services.GetRequiredService<GrainStartup>();
        catalog.Settings = startup.SettingsOf;
        catalog.Name = startup.NameOf;
        catalog.TopicName = id => app.Services.GetRequiredService<CatalogView>().Current.Find(id)?.Name;
        catalog.Catalog = async id =>
        {
            await startup.Begun;
            return await app.Services.GetRequiredService<IGrainFactory>().GetGrain<ICatalogGrain>(0).KnowsAsync(id, CancellationToken.None);
        };
    }

    private static void Services(IServiceCollection services, BrokerSettings settings, LogSlot log)
    {
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(settings.Kafka);
        services.AddSingleton(settings.Groups);
        services.AddSingleton(static provider => new DeadlineWheel(provider.GetRequiredService<TimeProvider>(), onFailed: DeadlineLog.For(provider.GetRequiredService<ILogger<DeadlineWheel>>())));

        services.AddSingleton<IPartitionLog>(log);
        services.AddSingleton(_ => log.Handles);
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
}
