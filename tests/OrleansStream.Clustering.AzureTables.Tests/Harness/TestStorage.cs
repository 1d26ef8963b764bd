using Azure.Core;
using Azure.Storage.Blobs;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Storage;
using OrleansStream.Clustering.AzureTables.GrainState;
using OrleansStream.Clustering.AzureTables.Hosting;

namespace OrleansStream.Clustering.AzureTables.Tests.Harness;

/// <summary>Grain storage of one test's own container, registered in a silo that is never started.</summary>
internal sealed class TestStorage : IAsyncDisposable
{
    private readonly IHost _host;

    private TestStorage(string connectionString, string container, Action<AzureBlobGrainStorageOptions>? configure)
    {
        _host = new HostBuilder().UseOrleans(silo => silo
            .UseLocalhostClustering()
            .ConfigureServices(services => services.AddSingleton<TimeProvider>(Time))
            .AddOrleansStreamAzureBlobGrainStorage("test", options =>
            {
                options.ConnectionString = connectionString;
                options.ContainerName = container;
                options.RetryDelay = TimeSpan.FromMilliseconds(1);
                options.ConfigureClient = client => client.AddPolicy(Faults, HttpPipelinePosition.PerRetry);
                configure?.Invoke(options);
            })).Build();
        Storage = (AzureBlobGrainStorage)_host.Services.GetRequiredKeyedService<IGrainStorage>("test");
        Container = new BlobContainerClient(connectionString, container);
    }

    public FaultPolicy Faults { get; } = new();

    public PassingTime Time { get; } = new();

    public AzureBlobGrainStorage Storage { get; }

    /// <summary>The container itself, without faults.</summary>
    public BlobContainerClient Container { get; }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static async Task<TestStorage> CreateAsync(AzuriteFixture azurite, Action<AzureBlobGrainStorageOptions>? configure = null)
    {
        var storage = new TestStorage(azurite.ConnectionString, azurite.NewName("grains"), configure);
        await storage.Storage.InitializeAsync(Token);
        return storage;
    }

    public static GrainId NewGrain(string key = "key") => GrainId.Create("sample", key);

    public Task WriteAsync(GrainId grain, GrainState<SampleState> state) => Storage.WriteStateAsync("name", grain, state, Token);

    public Task ClearAsync(GrainId grain, GrainState<SampleState> state) => Storage.ClearStateAsync("name", grain, state, Token);

    /// <summary>What another activation would read: everything it held before is overwritten.</summary>
    public async Task<GrainState<SampleState>> ReadAsync(GrainId grain)
    {
        var state = new GrainState<SampleState> { State = new SampleState { Text = "stale" }, RecordExists = true, ETag = "stale" };
        await Storage.ReadStateAsync("name", grain, state, Token);
        return state;
    }

    public async ValueTask DisposeAsync()
    {
        if (_host is IAsyncDisposable host) await host.DisposeAsync();
        else _host.Dispose();
    }
}
