using OrleansStream.Log.AzureBlobs.Tests.Harness;
using OrleansStream.Log.Brokers;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Testing.Conformance;

namespace OrleansStream.Log.AzureBlobs.Tests.Conformance;

// All that a store does it does on an account, too, that loses, refuses and delays more than a third of its requests. The seeds are fixed: each fault is one of its request and try.
public abstract class FaultyObjectStoreTests(AzuriteFixture azurite, int seed) : ObjectStoreConformance
{
    protected override async ValueTask<IObjectStore> NewStoreAsync() => (await TestAccount.CreateAsync(azurite, seed)).Objects;
}

public sealed class FaultyObjectStoreTests1(AzuriteFixture azurite) : FaultyObjectStoreTests(azurite, 1);

public sealed class FaultyObjectStoreTests2(AzuriteFixture azurite) : FaultyObjectStoreTests(azurite, 2);

public abstract class FaultyManifestStoreTests(AzuriteFixture azurite, int seed) : ManifestStoreConformance
{
    protected override async ValueTask<IManifestStore> NewStoreAsync() => (await TestAccount.CreateAsync(azurite, seed)).Manifests;
}

public sealed class FaultyManifestStoreTests1(AzuriteFixture azurite) : FaultyManifestStoreTests(azurite, 1);

public sealed class FaultyManifestStoreTests2(AzuriteFixture azurite) : FaultyManifestStoreTests(azurite, 2);

public abstract class FaultySessionStoreTests(AzuriteFixture azurite, int seed) : SessionStoreConformance
{
    protected override async ValueTask<ISessionStore> NewStoreAsync() => (await TestAccount.CreateAsync(azurite, seed)).Sessions;
}

public sealed class FaultySessionStoreTests1(AzuriteFixture azurite) : FaultySessionStoreTests(azurite, 1);

public sealed class FaultySessionStoreTests2(AzuriteFixture azurite) : FaultySessionStoreTests(azurite, 2);

public abstract class FaultyBrokerRegistryTests(AzuriteFixture azurite, int seed) : BrokerRegistryConformance
{
    protected override async ValueTask<IBrokerRegistry> NewRegistryAsync() => (await TestAccount.CreateAsync(azurite, seed)).Brokers;
}

public sealed class FaultyBrokerRegistryTests1(AzuriteFixture azurite) : FaultyBrokerRegistryTests(azurite, 1);

public sealed class FaultyBrokerRegistryTests2(AzuriteFixture azurite) : FaultyBrokerRegistryTests(azurite, 2);

public abstract class FaultyClusterRecordsTests(AzuriteFixture azurite, int seed) : ClusterRecordsConformance
{
    protected override async ValueTask<IClusterRecords> NewRecordsAsync() => (await TestAccount.CreateAsync(azurite, seed)).ClusterRecords;
}

public sealed class FaultyClusterRecordsTests1(AzuriteFixture azurite) : FaultyClusterRecordsTests(azurite, 1);

public sealed class FaultyClusterRecordsTests2(AzuriteFixture azurite) : FaultyClusterRecordsTests(azurite, 2);
