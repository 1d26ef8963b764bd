using Microsoft.Extensions.Time.Testing;
using OrleansStream.Log.Brokers;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Testing.Blobs;
using OrleansStream.Testing.Conformance;
using OrleansStream.Testing.Lanes;
using OrleansStream.Testing.Storage;

namespace OrleansStream.Log.Tests.Conformance;

// The stores that other tests and the simulator take for real ones must do what real ones do.
public sealed class MemoryObjectStoreTests : ObjectStoreConformance
{
    protected override ValueTask<IObjectStore> NewStoreAsync() => new(new MemoryObjectStore());
}

public sealed class MemoryManifestStoreTests : ManifestStoreConformance
{
    protected override ValueTask<IManifestStore> NewStoreAsync() => new(new MemoryManifestStore());
}

public sealed class MemorySessionStoreTests : SessionStoreConformance
{
    protected override ValueTask<ISessionStore> NewStoreAsync() => new(new MemorySessionStore());
}

public sealed class SimulatedBlobsTests : BlobContainerConformance
{
    protected override ValueTask<IBlobContainer> NewContainerAsync() => new(new SimulatedBlobs(new FakeTimeProvider()));
}

public sealed class MemoryBrokerRegistryTests : BrokerRegistryConformance
{
    protected override ValueTask<IBrokerRegistry> NewRegistryAsync() => new(new MemoryBrokerRegistry());
}

public sealed class MemoryClusterRecordsTests : ClusterRecordsConformance
{
    protected override ValueTask<IClusterRecords> NewRecordsAsync() => new(new MemoryClusterRecords());
}
