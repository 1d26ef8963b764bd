using OrleansStream.Clustering.AzureTables.Tests.Harness;
using OrleansStream.Testing.Azurite;

[assembly: AssemblyFixture(typeof(AzuriteFixture))]

namespace OrleansStream.Clustering.AzureTables.Tests.Harness;

/// <summary>One emulator for all tests: each uses a cluster id, table or container of its own.</summary>
public sealed class AzuriteFixture : IAsyncLifetime
{
    private AzuriteProcess? _azurite;
    private int _names;

    public string ConnectionString => _azurite!.ConnectionString;

    public async ValueTask InitializeAsync() => _azurite = await AzuriteProcess.StartAsync();

    public ValueTask DisposeAsync() => _azurite?.DisposeAsync() ?? ValueTask.CompletedTask;

    /// <summary>A name that no other test of this run has: small letters and digits.</summary>
    public string NewName(string start) => $"{start}{Interlocked.Increment(ref _names)}";
}
