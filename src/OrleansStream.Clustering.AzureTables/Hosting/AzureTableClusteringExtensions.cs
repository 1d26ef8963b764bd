using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Messaging;
using OrleansStream.Clustering.AzureTables.Accounts;
using OrleansStream.Clustering.AzureTables.Membership;

namespace OrleansStream.Clustering.AzureTables.Hosting;

/// <summary>Chooses an Azure table as the place where silos and clients of a cluster find each other. Options are checked when the silo or client is built.</summary>
public static class AzureTableClusteringExtensions
{
    /// <summary>Lets a silo keep its membership in an Azure table.</summary>
    public static ISiloBuilder UseOrleansStreamAzureTableClustering(this ISiloBuilder builder, Action<AzureTableClusteringOptions> configure) =>
        builder.UseOrleansStreamAzureTableClustering((OptionsBuilder<AzureTableClusteringOptions> options) => options.Configure(configure));

    /// <summary>Lets a silo keep its membership in an Azure table, with options that are bound or made from services.</summary>
    public static ISiloBuilder UseOrleansStreamAzureTableClustering(this ISiloBuilder builder, Action<OptionsBuilder<AzureTableClusteringOptions>> configure)
    {
        AddOptions(builder.Services, configure);
        builder.Services.AddSingleton<IMembershipTable, AzureTableMembershipTable>();
        return builder;
    }

    /// <summary>Lets a client find the cluster's gateways in an Azure table.</summary>
    public static IClientBuilder UseOrleansStreamAzureTableClustering(this IClientBuilder builder, Action<AzureTableClusteringOptions> configure) =>
        builder.UseOrleansStreamAzureTableClustering((OptionsBuilder<AzureTableClusteringOptions> options) => options.Configure(configure));

    /// <summary>Lets a client find the cluster's gateways in an Azure table, with options that are bound or made from services.</summary>
    public static IClientBuilder UseOrleansStreamAzureTableClustering(this IClientBuilder builder, Action<OptionsBuilder<AzureTableClusteringOptions>> configure)
    {
        AddOptions(builder.Services, configure);
        builder.Services.AddSingleton<IGatewayListProvider, AzureTableGatewayListProvider>();
        return builder;
    }

    private static void AddOptions(IServiceCollection services, Action<OptionsBuilder<AzureTableClusteringOptions>> configure)
    {
        configure(services.AddOptions<AzureTableClusteringOptions>());
        services.AddTransient<IConfigurationValidator>(provider => new OptionsCheck(null, provider.GetRequiredService<IOptions<AzureTableClusteringOptions>>().Value));
        services.AddTransient<IConfigurationValidator, ClusterIdCheck>();
        services.ConfigureFormatter<AzureTableClusteringOptions>();
        services.TryAddSingleton(TimeProvider.System);
    }
}
