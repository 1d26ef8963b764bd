using Microsoft.Extensions.Time.Testing;
using OrleansStream.Log.Files.Metadata;
using OrleansStream.Log.Files.Objects;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Testing.Conformance;
using OrleansStream.Testing.Disks;

namespace OrleansStream.Log.Files.Tests.Conformance;

public sealed class FileObjectStoreConformanceTests : ObjectStoreConformance
{
    protected override ValueTask<IObjectStore> NewStoreAsync()
    {
        var disk = new SimulatedDisk();
        disk.CreateDirectory("objects");
        disk.SyncDirectory("");
        return new(FileObjectStore.Open(disk, OneAtATime()));
    }

    // The simulated disk knows one thread.
    internal static TaskScheduler OneAtATime() => new ConcurrentExclusiveSchedulerPair().ExclusiveScheduler;
}

public sealed class JournalManifestStoreConformanceTests : ManifestStoreConformance
{
    protected override ValueTask<IManifestStore> NewStoreAsync() => new(JournalStores.New().Manifests);
}

public sealed class JournalSessionStoreConformanceTests : SessionStoreConformance
{
    protected override ValueTask<ISessionStore> NewStoreAsync() => new(JournalStores.New().Sessions);
}

internal static class JournalStores
{
    public static MetadataJournal New()
    {
        var disk = new SimulatedDisk();
        disk.CreateDirectory("meta");
        disk.SyncDirectory("");
        return MetadataJournal.Open(disk, new MetadataJournalOptions { Scheduler = FileObjectStoreConformanceTests.OneAtATime(), Time = new FakeTimeProvider() });
    }
}
