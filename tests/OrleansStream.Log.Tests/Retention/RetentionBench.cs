using Microsoft.Extensions.Time.Testing;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Retention;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Records;
using OrleansStream.Testing.Serving;
using OrleansStream.Testing.Storage;

namespace OrleansStream.Log.Tests.Retention;

/// <summary>A broker in memory with what lets go of its data.</summary>
internal sealed class RetentionBench : IDisposable
{
    private readonly HashSet<PartitionId> _topics = [];

    public RetentionBench()
    {
        Broker = new MemoryBroker(objects: Objects);
        Editor = new ManifestEditor(Store, new Random(1), Time);
        Pending = new PendingObjects(Store, Editor, Objects, Broker.Handles, Time);
        Producers = new ProducerSnapshots(Editor, Objects, Pending, new Random(2)) { BytesBetween = 1000 };
        Mover = new LogStartMover(Editor, Pending, Producers);
        Retention = new PartitionRetention(Mover, Time);
        Deletion = new PartitionDeletion(Editor, Broker.Handles, () => Broker.Lane.Lane, Pending);
        Sweep = NewSweep();
    }

    public MemoryManifestStore Store { get; } = new();

    public MemoryObjectStore Objects { get; } = new();

    public MemoryBroker Broker { get; }

    public ManifestEditor Editor { get; }

    public PendingObjects Pending { get; }

    public ProducerSnapshots Producers { get; }

    public LogStartMover Mover { get; }

    public PartitionRetention Retention { get; }

    public PartitionDeletion Deletion { get; }

    public ObjectSweep Sweep { get; }

    public FakeTimeProvider Time => Broker.Time;

    public long NowMs => Time.GetUtcNow().ToUnixTimeMilliseconds();

    public ObjectSweep NewSweep() => new(new SweepParts(Store, Editor, Objects, (partition, _) => ValueTask.FromResult(_topics.Contains(partition)), () => Broker.Lane.Lane), Pending, Time);

    /// <summary>Makes the catalog know a topic.</summary>
    public void Confirm(PartitionId partition) => _topics.Add(partition);

    public PartitionHandle Open(PartitionSettings? settings = null, int index = 0, Func<Manifest, Manifest>? change = null)
    {
        var manifest = Broker.NewManifest(MemoryBroker.PartitionOf(index));
        if (change is not null) manifest = change(manifest);
        Store.Put(manifest);
        return Broker.Open(manifest, settings);
    }

    public async Task<Manifest> ManifestOf(PartitionId partition) => (await Store.GetAsync(partition, CancellationToken.None))!.Manifest;

    /// <summary>Appends a batch of ten records with this timestamp, durably.</summary>
    public void Append(PartitionHandle handle, long timestampMs)
    {
        Broker.Append(handle, new BatchBuilder().At(timestampMs).Records(10));
        Broker.Lane.Publish();
    }

    public void Dispose() => Broker.Dispose();
}
