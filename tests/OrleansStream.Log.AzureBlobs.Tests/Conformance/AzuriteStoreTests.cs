using OrleansStream.Log.AzureBlobs.Tests.Harness;
using OrleansStream.Log.Brokers;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Testing.Conformance;

namespace OrleansStream.Log.AzureBlobs.Tests.Conformance;

public sealed class AzuriteContainerTests(AzuriteFixture azurite) : BlobContainerConformance
{
    protected override async ValueTask<IBlobContainer> NewContainerAsync() => (await TestAccount.CreateAsync(azurite)).Container;
}

public sealed class AzuriteObjectStoreTests(AzuriteFixture azurite) : ObjectStoreConformance
{
    protected override async ValueTask<IObjectStore> NewStoreAsync() => (await TestAccount.CreateAsync(azurite)).Objects;
}

public sealed class AzuriteManifestStoreTests(AzuriteFixture azurite) : ManifestStoreConformance
{
    protected override async ValueTask<IManifestStore> NewStoreAsync() => (await TestAccount.CreateAsync(azurite)).Manifests;
}

public sealed class AzuriteSessionStoreTests(AzuriteFixture azurite) : SessionStoreConformance
{
    protected override async ValueTask<ISessionStore> NewStoreAsync() => (await TestAccount.CreateAsync(azurite)).Sessions;
}

public sealed class AzuriteBrokerRegistryTests(AzuriteFixture azurite) : BrokerRegistryConformance
{
    protected override async ValueTask<IBrokerRegistry> NewRegistryAsync() => (await TestAccount.CreateAsync(azurite)).Brokers;
}

public sealed class AzuriteClusterRecordsTests(AzuriteFixture azurite) : ClusterRecordsConformance
{
    protected override async ValueTask<IClusterRecords> NewRecordsAsync() => (await TestAccount.CreateAsync(azurite)).ClusterRecords;
}
