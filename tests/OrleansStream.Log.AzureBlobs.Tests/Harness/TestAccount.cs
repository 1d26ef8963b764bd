using Azure.Core;
using Azure.Storage.Blobs;
using Microsoft.Extensions.Time.Testing;
using OrleansStream.Log.AzureBlobs.Accounts;
using OrleansStream.Log.AzureBlobs.Brokers;
using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Log.AzureBlobs.Manifests;
using OrleansStream.Log.AzureBlobs.Objects;
using OrleansStream.Log.AzureBlobs.Sessions;
using OrleansStream.Log.Storage;

namespace OrleansStream.Log.AzureBlobs.Tests.Harness;

/// <summary>A container of one test's own in the emulator, with faults before it, and the stores on it.</summary>
internal sealed class TestAccount
{
    /// <summary>Small, so that lists have several pages.</summary>
    public const int PageSize = 7;

    private TestAccount(AzuriteFixture azurite, string name)
    {
        Faults = new FaultPolicy(Clock);
        Options = new BlobAccountOptions { ConnectionString = azurite.ConnectionString, Container = name, RetryPause = TimeSpan.FromMilliseconds(1) };
        Raw = new BlobContainerClient(azurite.ConnectionString, name);
        Undecided = new UndecidedPuts(Pauses, new Random(1), TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1));
    }

    /// <summary>Limits requests; stands still unless a test or a fault turns it.</summary>
    public FakeTimeProvider Clock { get; } = new();

    /// <summary>Measures the pauses between tries.</summary>
    public PassingTime Pauses { get; } = new();

    public FaultPolicy Faults { get; }

    public BlobAccountOptions Options { get; }

    public UndecidedPuts Undecided { get; }

    /// <summary>The container itself, without faults.</summary>
    public BlobContainerClient Raw { get; }

    public IBlobContainer Container { get; private set; } = null!;

    public BlobObjectStore Objects => new(Container, Undecided);

    public BlobManifestStore Manifests => new(Container, clusterGeneration: 0);

    public BlobSessionStore Sessions => new(Container, Undecided, clusterGeneration: 0);

    public BlobBrokerRegistry Brokers => new(Container, Undecided, clusterGeneration: 0);

    public BlobClusterRecords ClusterRecords => new(Container, Undecided);

    public static async Task<TestAccount> CreateAsync(AzuriteFixture azurite, int? seed = null)
    {
        var account = new TestAccount(azurite, azurite.NewName());
        account.Container = await account.OpenAsync();
        if (seed is { } given) account.Faults.Seed(given);
        return account;
    }

    /// <summary>Opens the container as a broker does.</summary>
    public async Task<IBlobContainer> OpenAsync()
    {
        var container = (AzureBlobContainer)await BlobAccount.OpenAsync(
            Options, Clock, credential: null, client => client.AddPolicy(Faults, HttpPipelinePosition.PerRetry), TestContext.Current.CancellationToken);
        return container.WithPagesOf(PageSize);
    }
}
