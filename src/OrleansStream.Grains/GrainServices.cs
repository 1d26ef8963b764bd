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
using OrleansStream.Grains.Topics;

namespace OrleansStream.Grains;

/// <summary>Puts what the grains share into a host.</summary>
public static class GrainServices
{
    /// <summary>
    /// Registers everything but what the broker must bring: IPartitionLog, IClusterView, HandleTable, BrokerConfigValues, GroupOptions, DeadlineWheel and TimeProvider, each
    /// as a singleton.
    /// </summary>
    /// <param name="services">The host's.</param>
    /// <param name="hash">The cluster's: it says which journal keeps which group.</param>
    public static IServiceCollection AddBrokerGrains(this IServiceCollection services, PlacementHash hash)
    {
        services.AddSingleton<CatalogView>();
        services.AddSingleton<TicketBoard>();
        services.AddSingleton<IProducerIds, ProducerIds>();
        services.AddSingleton<TopicSettings>();
        services.AddSingleton<SettingsFollower>();
        services.AddSingleton<LocalPartitions>();
        services.AddSingleton<ILocalPartitions>(static provider => provider.GetRequiredService<LocalPartitions>());
        services.AddSingleton<OpeningMetrics>();
        services.AddSingleton<OpeningParts>();
        services.AddSingleton(static provider => new GrainStartup(
            provider.GetRequiredService<SettingsFollower>(), provider.GetRequiredService<LocalPartitions>(), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<GroupMetrics>();
        services.AddSingleton<GroupParts>();
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<GroupJournals>(provider, hash));
        services.AddSingleton<ILocalGroups>(static provider => provider.GetRequiredService<GroupJournals>());
        services.AddGrainService<BrokerService>();
        services.AddSingleton<IBrokerServices, BrokerServices>();
        services.AddHostedService<OffsetExpiry>();
        services.AddHostedService<OpeningAtStart>();
        return services;
    }
}
