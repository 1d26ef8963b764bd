using Microsoft.Extensions.DependencyInjection;
using Orleans.Hosting;
using OrleansStream.Abstractions.Cluster;
using OrleansStream.Abstractions.Groups;
using OrleansStream.Abstractions.Partitions;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Coordination.Placement;
using OrleansStream.Grains.Cluster;
using OrleansStream.Grains.Groups;
using OrleansStream.Grains.Partitions;
using OrleansStream.Grains.Placement;
using OrleansStream.Grains.Topics;

namespace OrleansStream.Grains;

/// <summary>Puts what the grains share into a host.</summary>
public static class GrainServices
{
    /// <summary>
    /// Registers everything but what the broker must bring: IPartitionLog, HandleTable, BrokerConfigValues, GroupOptions, DeadlineWheel and TimeProvider, each
    /// as a singleton. The view of the cluster comes by <see cref="AddLoneBroker"/> or <see cref="ClusterSilo.AddBrokerCluster"/>.
    /// </summary>
    /// <param name="services">The host's.</param>
    /// <param name="rules">The cluster's: they say which journal keeps which group.</param>
    public static IServiceCollection AddBrokerGrains(this IServiceCollection services, PlacementRules rules)
    {
        services.AddSingleton(rules);
        services.AddSingleton<PartitionLeaders>();
        services.AddPlacementDirector<PartitionPlacement, OwnerPlacementDirector>();
        services.AddPlacementDirector<GroupPlacement, OwnerPlacementDirector>();
        services.AddPlacementDirector<CatalogPlacement, OwnerPlacementDirector>();
        services.AddSingleton<CatalogView>();
        services.AddSingleton<TicketBoard>();
        services.AddSingleton<IProducerIds, ProducerIds>();
        services.AddSingleton<TopicSettings>();
        services.AddSingleton<SettingsFollower>();
        services.AddSingleton<LocalParts>();
        services.AddSingleton<LocalPartitions>();
        services.AddSingleton<ILocalPartitions>(static provider => provider.GetRequiredService<LocalPartitions>());
        services.AddSingleton<OpeningMetrics>();
        services.AddSingleton<OpeningParts>();
        services.AddSingleton<CatalogFollower>();
        services.AddSingleton<ICatalogUpdates>(static provider => provider.GetRequiredService<CatalogFollower>());
        services.AddSingleton<CatalogSpread>();
        services.AddSingleton(static provider => new GrainStartup(
            provider.GetRequiredService<SettingsFollower>(), provider.GetRequiredService<LocalPartitions>(), provider.GetRequiredService<CatalogFollower>(), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<GroupMetrics>();
        services.AddSingleton<GroupParts>();
        services.AddSingleton<GroupJournals>();
        services.AddSingleton<ILocalGroups>(static provider => provider.GetRequiredService<GroupJournals>());
        services.AddGrainService<BrokerService>();
        services.AddSingleton<IBrokerServices, BrokerServices>();
        services.AddHostedService<OffsetExpiry>();
        return services;
    }

    /// <summary>Registers what a broker has that is alone; one of several has <see cref="ClusterSilo.AddBrokerCluster"/> instead.</summary>
    /// <param name="services">The host's.</param>
    /// <param name="view">The cluster of this one broker.</param>
    public static IServiceCollection AddLoneBroker(this IServiceCollection services, IClusterView view)
    {
        services.AddSingleton(view);
        services.AddHostedService<OpeningAtStart>();
        return services;
    }
}
