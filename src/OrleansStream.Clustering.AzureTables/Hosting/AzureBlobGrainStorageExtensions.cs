using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Providers;
using Orleans.Runtime.Hosting;
using Orleans.Storage;
using OrleansStream.Clustering.AzureTables.Accounts;
using OrleansStream.Clustering.AzureTables.GrainState;

namespace OrleansStream.Clustering.AzureTables.Hosting;

/// <summary>Adds grain storage in Azure blobs to a silo. Options are checked when the silo is built.</summary>
public static class AzureBlobGrainStorageExtensions
{
    /// <summary>Adds the storage of grains that name none.</summary>
    public static ISiloBuilder AddOrleansStreamAzureBlobGrainStorageAsDefault(this ISiloBuilder builder, Action<AzureBlobGrainStorageOptions> configure) =>
        builder.AddOrleansStreamAzureBlobGrainStorage(ProviderConstants.DEFAULT_STORAGE_PROVIDER_NAME, configure);

    /// <summary>Adds the storage of grains that name none, with options that are bound or made from services.</summary>
    public static ISiloBuilder AddOrleansStreamAzureBlobGrainStorageAsDefault(this ISiloBuilder builder, Action<OptionsBuilder<AzureBlobGrainStorageOptions>> configure) =>
        builder.AddOrleansStreamAzureBlobGrainStorage(ProviderConstants.DEFAULT_STORAGE_PROVIDER_NAME, configure);

    /// <summary>Adds a storage under a name, such as PubSubStore.</summary>
    public static ISiloBuilder AddOrleansStreamAzureBlobGrainStorage(this ISiloBuilder builder, string name, Action<AzureBlobGrainStorageOptions> configure) =>
        builder.AddOrleansStreamAzureBlobGrainStorage(name, (OptionsBuilder<AzureBlobGrainStorageOptions> options) => options.Configure(configure));

    /// <summary>Adds a storage under a name, with options that are bound or made from services.</summary>
    public static ISiloBuilder AddOrleansStreamAzureBlobGrainStorage(this ISiloBuilder builder, string name, Action<OptionsBuilder<AzureBlobGrainStorageOptions>> configure)
    {
        var services = builder.Services;
        configure(services.AddOptions<AzureBlobGrainStorageOptions>(name));
        services.AddTransient<IPostConfigureOptions<AzureBlobGrainStorageOptions>, DefaultStorageProviderSerializerOptionsConfigurator<AzureBlobGrainStorageOptions>>();
        services.AddTransient<IConfigurationValidator>(provider => new OptionsCheck(name, OptionsOf(provider, name)));
        services.ConfigureNamedOptionForLogging<AzureBlobGrainStorageOptions>(name);
        services.TryAddSingleton(TimeProvider.System);
        services.AddGrainStorage(name, (provider, key) => ActivatorUtilities.CreateInstance<AzureBlobGrainStorage>(provider, key, OptionsOf(provider, key)));
        return builder;
    }

    private static AzureBlobGrainStorageOptions OptionsOf(IServiceProvider provider, string name) =>
        provider.GetRequiredService<IOptionsMonitor<AzureBlobGrainStorageOptions>>().Get(name);
}
