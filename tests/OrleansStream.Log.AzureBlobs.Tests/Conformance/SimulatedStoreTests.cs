using Microsoft.Extensions.Time.Testing;
using OrleansStream.Log.AzureBlobs.Brokers;
using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Log.AzureBlobs.Manifests;
using OrleansStream.Log.AzureBlobs.Objects;
using OrleansStream.Log.AzureBlobs.Sessions;
using OrleansStream.Log.AzureBlobs.Tests.Harness;
using OrleansStream.Log.Brokers;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Testing.Blobs;
using OrleansStream.Testing.Conformance;

namespace OrleansStream.Log.AzureBlobs.Tests.Conformance;

// The same over the simulator's container, which is what the simulation runs them on.
public sealed class SimulatedObjectStoreTests : ObjectStoreConformance
{
    protected override ValueTask<IObjectStore> NewStoreAsync() =>
        new(new BlobObjectStore(new SimulatedBlobs(new FakeTimeProvider()), new UndecidedPuts(new PassingTime(), new Random(1), TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1))));
}

public sealed class SimulatedManifestStoreTests : ManifestStoreConformance
{
    protected override ValueTask<IManifestStore> NewStoreAsync() => new(new BlobManifestStore(new SimulatedBlobs(new FakeTimeProvider()), clusterGeneration: 0));
}

public sealed class SimulatedSessionStoreTests : SessionStoreConformance
{
    protected override ValueTask<ISessionStore> NewStoreAsync() =>
        new(new BlobSessionStore(new SimulatedBlobs(new FakeTimeProvider()), new UndecidedPuts(new PassingTime(), new Random(1), TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1)), clusterGeneration: 0));
}

public sealed class SimulatedBrokerRegistryTests : BrokerRegistryConformance
{
    protected override ValueTask<IBrokerRegistry> NewRegistryAsync() =>
        new(new BlobBrokerRegistry(new SimulatedBlobs(new FakeTimeProvider()), new UndecidedPuts(new PassingTime(), new Random(1), TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1)), clusterGeneration: 0));
}

public sealed class SimulatedClusterRecordsTests : ClusterRecordsConformance
{
    protected override ValueTask<IClusterRecords> NewRecordsAsync() =>
        new(new BlobClusterRecords(new SimulatedBlobs(new FakeTimeProvider()), new UndecidedPuts(new PassingTime(), new Random(1), TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1))));
}
