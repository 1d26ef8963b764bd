using OrleansStream.Log.Files.Metadata;
using OrleansStream.Log.Manifests;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Disks;
using OrleansStream.Testing.Dispatch;

namespace OrleansStream.Log.Files.Tests.Metadata;

/// <summary>A journal on a simulated disk, driven by one thread.</summary>
internal sealed class JournalUnderTest
{
    public static readonly TopicId Topic = new(new Guid("11111111-2222-3333-4444-555555555555"));

    private static readonly SessionId Owner = new(new BrokerId(1), new Guid("aaaaaaaa-0000-0000-0000-000000000001"));

    public JournalUnderTest(SimulatedDisk disk, int seed = 1, long? minRotationBytes = null)
    {
        Disk = disk;
        Scheduler = new SeededScheduler(seed);
        disk.CreateDirectory("meta");
        disk.SyncDirectory("");
        Journal = MetadataJournal.Open(disk, new MetadataJournalOptions { Scheduler = Scheduler, Time = Time, MinRotationBytes = minRotationBytes });
    }

    public SimulatedDisk Disk { get; }

    public SeededScheduler Scheduler { get; }

    public Microsoft.Extensions.Time.Testing.FakeTimeProvider Time { get; } = new();

    public MetadataJournal Journal { get; }

    public static Manifest ManifestOf(int partition, int epoch, long logStart = 0) => new()
    {
        Partition = new PartitionId(Topic, partition),
        Epoch = new LeaderEpoch(epoch),
        Owner = Owner,
        LogStart = new Offset(logStart),
        Nonce = new Guid(partition, (short)epoch, 0, new byte[8]),
        Epochs = [new EpochStart(new LeaderEpoch(epoch), new Offset(logStart))],
    };

    public StoredManifest? Get(int partition) => Scheduler.Run(async () => await Journal.Manifests.GetAsync(new PartitionId(Topic, partition), CancellationToken.None));

    public Task<ManifestWrite> Begin(Manifest next, Storage.ETag? expected) =>
        Scheduler.Start(() => Journal.Manifests.CompareAndSetAsync(next, expected, CancellationToken.None).AsTask());

    /// <summary>Asks at once, so that the order of the calls is the order of the writes; the answer comes on the thread pool.</summary>
    public Task<ManifestWrite> BeginNow(Manifest next, Storage.ETag? expected) => Journal.Manifests.CompareAndSetAsync(next, expected, CancellationToken.None).AsTask();

    public ManifestWrite Write(Manifest next, Storage.ETag? expected)
    {
        var write = Begin(next, expected);
        Scheduler.RunUntilIdle();
        return write.GetAwaiter().GetResult();
    }
}
