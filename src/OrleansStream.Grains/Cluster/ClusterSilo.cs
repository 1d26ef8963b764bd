using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;
using OrleansStream.Abstractions.Cluster;
using OrleansStream.Grains.Partitions;
using OrleansStream.Grains.Topics;
using OrleansStream.Log.Ownership;

namespace OrleansStream.Grains.Cluster;

/// <summary>Makes a broker one of several: what it needs beside its grains, and the settings of Orleans that fit a log which fences by itself.</summary>
public static class ClusterSilo
{
    // Two caches allocate for this many at once; the default of a million takes 19 MB.
    private const int GrainsToRemember = 65_536;
    private const int MaxMessageBytes = 16 * 1024 * 1024;

    /// <summary>
    /// Registers an <see cref="IClusterView"/> made of membership and registry, <see cref="ISessionOwners"/> for the log, and what moves partitions. To be called
    /// with <see cref="GrainServices.AddBrokerGrains"/>; a broker that is alone has <see cref="GrainServices.AddLoneBroker"/> instead.
    /// </summary>
    public static IServiceCollection AddBrokerCluster(this IServiceCollection services, BrokerClusterSetup setup)
    {
        services.AddSingleton(setup);
        services.AddSingleton(setup.Movement);
        services.AddSingleton(new BrokerRecords(setup.Registry));
        services.AddSingleton<MemberSources>();
        services.AddSingleton<ClusterMembers>();
        services.AddSingleton<IClusterView>(static provider => provider.GetRequiredService<ClusterMembers>());
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(static provider => provider.GetRequiredService<ClusterMembers>());
        services.AddSingleton<SiloStatuses>();
        services.AddSingleton<ISessionOwners, SessionOwners>();
        services.AddSingleton(static provider => new LogCluster(
            provider.GetRequiredService<ClusterMembers>(), provider.GetRequiredService<BrokerRecords>(), provider.GetRequiredService<SiloStatuses>(), provider.GetRequiredService<IGrainFactory>()));
        services.AddSingleton(static provider => new ReleaseDesk(provider.GetRequiredService<BrokerClusterSetup>().Releases, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<PeerSurroundings>();
        services.AddSingleton<PeerRequests>();
        services.AddSingleton<NewsSending>();
        services.AddSingleton<NewsToPeers>();
        services.AddHostedService(static provider => provider.GetRequiredService<NewsToPeers>());
        services.AddSingleton<MovementMetrics>();
        services.AddSingleton<MoveSurroundings>();
        services.AddSingleton<Departures>();
        services.AddSingleton<MoverSources>();
        services.AddSingleton<HandOver>();
        services.AddSingleton<TakeOverSources>();
        services.AddSingleton<TakeOver>();
        services.AddHostedService<PartitionMover>();
        services.AddHostedService<CatalogWatch>();
        services.AddHostedService<DeletedTopics>();
        services.AddSingleton<DrainParts>();
        services.AddSingleton(static provider => new BrokerDrain(provider.GetRequiredService<DrainParts>(), provider.GetRequiredService<MoveSurroundings>()));
        return services;
    }

    /// <summary>Settings of membership, directory and messages: docs/adr/0014-one-cluster-of-brokers.md says why.</summary>
    public static ISiloBuilder UseBrokerCluster(this ISiloBuilder silo)
    {
#pragma warning disable ORLEANSEXP003 // The default directory drops activations of brokers that are well when another one goes.
        silo.AddDistributedGrainDirectory();
#pragma warning restore ORLEANSEXP003
        silo.Configure<GrainDirectoryOptions>(static options =>
        {
            // Storage fences. A hold would only keep the catalog away for half a minute after each crash.
            options.RangeLeaseDuration = TimeSpan.Zero;
            options.CacheSize = GrainsToRemember;
        });
        silo.Configure<ClusterMembershipOptions>(static options =>
        {
            options.ProbeTimeout = TimeSpan.FromSeconds(2);
            options.MinProbeTimeout = TimeSpan.FromSeconds(1);
            options.MaxProbeTimeout = TimeSpan.FromSeconds(3);
            options.NumMissedProbesLimit = 3;
            options.NumVotesForDeathDeclaration = 2;
            options.TableRefreshTimeout = TimeSpan.FromSeconds(15);
            options.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(10);
        });
        silo.Configure<ConnectionOptions>(static options =>
        {
            options.OpenConnectionTimeout = TimeSpan.FromSeconds(2);
            options.ConnectionsPerEndpoint = 2;
        });
        silo.Configure<SiloMessagingOptions>(static options =>
        {
            options.ResponseTimeout = TimeSpan.FromSeconds(10);
            options.CancelRequestOnTimeout = true;
            options.MaxMessageBodySize = MaxMessageBytes;
            options.MaxRequestProcessingTime = TimeSpan.FromMinutes(2);
        });
        silo.Configure<GrainCollectionOptions>(static options =>
        {
            options.CollectionAge = TimeSpan.FromMinutes(10);
            options.DeactivationTimeout = TimeSpan.FromSeconds(10);
        });

        // Before Orleans' own, which it adds only where there is none.
        silo.Services.AddSingleton<IFatalErrorHandler, FencingFatalErrorHandler>();
        return silo;
    }
}
