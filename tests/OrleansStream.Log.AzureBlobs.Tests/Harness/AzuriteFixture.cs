using OrleansStream.Log.AzureBlobs.Tests.Harness;
using OrleansStream.Testing.Azurite;

[assembly: AssemblyFixture(typeof(AzuriteFixture))]

namespace OrleansStream.Log.AzureBlobs.Tests.Harness;

/// <summary>One emulator for all tests: each uses containers of its own.</summary>
public sealed class AzuriteFixture : IAsyncLifetime
{
    private AzuriteProcess? _azurite;
    private int _names;

    public string ConnectionString => _azurite!.ConnectionString;

    public async ValueTask InitializeAsync() => _azurite = await AzuriteProcess.StartAsync();

    public ValueTask DisposeAsync() => _azurite?.DisposeAsync() ?? ValueTask.CompletedTask;

    /// <summary>A name that no other test of this run has.</summary>
    public string NewName() => $"cluster{Interlocked.Increment(ref _names)}";
}
