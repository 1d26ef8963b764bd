using Microsoft.Extensions.Time.Testing;
using OrleansStream.Log;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Segments;
using OrleansStream.Log.Serving;
using OrleansStream.Log.Storage;
using OrleansStream.Model;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Lanes;
using OrleansStream.Testing.Records;

namespace OrleansStream.Testing.Serving;

/// <summary>
/// The serving side of a broker over a lane that a test moves step by step. Disposing it ends the lane and fails if a lease is still out.
/// <code>
/// using var broker = new MemoryBroker();
/// var handle = broker.Open();
/// broker.Append(handle, new BatchBuilder().Record("a"));
/// broker.Lane.Publish();
/// </code>
/// </summary>
public sealed class MemoryBroker : IDisposable
{
    private int _tokens;

    /// <param name="tailBytes">Bound of the tail cache.</param>
    /// <param name="openBytes">Bound of the lane's open blocks.</param>
    /// <param name="objects">Where segments stand; without it those that <see cref="Extents"/> was given.</param>
    /// <param name="manifests">Where manifests are read anew; without it they are not.</param>
    public MemoryBroker(long tailBytes = 128 * Limits.MiB, long openBytes = 32 * Limits.MiB, IObjectStore? objects = null, IManifestStore? manifests = null)
    {
        Tail = new TailCache(new TailCacheOptions { MaxBytes = tailBytes }, OwnerFailures.Add);
        Extents = new MemoryExtentReader(Slabs);
        Handles = new HandleTable(Epochs);
        Parts = new ServingParts
        {
            Extents = objects is null ? Extents : new ExtentReader(Extents, new SegmentReader(objects, Slabs, new SegmentOptions())),
            Tail = Tail,
            Time = Time,
            IsStalled = () => IsStalled,
            Manifests = manifests is null ? null : new ManifestEditor(manifests, new Random(1), Time),
            OnReadFailed = (_, _, failure) => ReadFailures.Add(failure),
            OnUnreadable = (_, what) => Unreadable.Add(what),
        };
        Lane = NewLane(openBytes);
    }

    /// <summary>A partition to use where any will do.</summary>
    public static PartitionId AnyPartition { get; } = PartitionOf(0);

    public FakeTimeProvider Time { get; } = new(DateTimeOffset.FromUnixTimeMilliseconds(BatchBuilder.DefaultTimestamp));

    public SlabPool Slabs { get; } = new();

    public ClosedEpochs Epochs { get; } = new();

    public TailCache Tail { get; }

    public MemoryExtentReader Extents { get; }

    public HandleTable Handles { get; }

    /// <summary>Whether it stood still, and does not know yet whether its session goes on (rule W2).</summary>
    public bool IsStalled { get; set; }

    public ServingParts Parts { get; }

    /// <summary>The lane of the present session.</summary>
    public SteppedLane Lane { get; private set; }

    public RecordedAppends Appends { get; } = new();

    public List<LogException> ReadFailures { get; } = [];

    /// <summary>What time lookups could not look into.</summary>
    public List<string> Unreadable { get; } = [];

    /// <summary>What owners threw at the lane's dispatcher. Disposing fails if there is any.</summary>
    public List<Exception> OwnerFailures { get; } = [];

    public static PartitionId PartitionOf(int index) => new(new TopicId(new Guid(7, 0, 0, new byte[8])), index);

    /// <summary>A manifest as a first claim writes it.</summary>
    public Manifest NewManifest(PartitionId partition, int epoch = 0) => new()
    {
        Partition = partition,
        Epoch = new LeaderEpoch(epoch),
        Owner = Lane.Lane.Session,
        Epochs = [new EpochStart(new LeaderEpoch(epoch), Offset.Zero)],
        Nonce = new Guid(epoch, 1, 1, new byte[8]),
    };

    /// <summary>Opens a partition as a claim would, and lets it serve if rule O6 does.</summary>
    public PartitionHandle Open(Manifest manifest, PartitionSettings? settings = null)
    {
        var end = Offset.Max(manifest.ExtentsEnd, Lane.Lane.Index.PublishedEnd(manifest.Partition) ?? Offset.Zero);
        var handle = new PartitionHandle(Parts, Lane.Lane, new PartitionStart { Manifest = manifest, LogEnd = end, Settings = settings ?? new PartitionSettings() });
        Handles.TryPublish(handle);
        return handle;
    }

    public PartitionHandle Open(PartitionSettings? settings = null) => Open(NewManifest(AnyPartition), settings);

    /// <summary>Begins an append; returns its token, by which <see cref="Appends"/> knows it.</summary>
    public int Append(PartitionHandle handle, BatchBuilder batch) => Append(handle, batch.Build());

    public int Append(PartitionHandle handle, byte[] batch)
    {
        var token = _tokens++;
        var status = handle.Append(batch, new AppendContext(ZstdAllowed: true), Appends, token);
        return status == AppendStatus.Begun ? token : throw new InvalidOperationException("The lane is full.");
    }

    /// <summary>Appends and publishes batches of one record each.</summary>
    public void AppendDurably(PartitionHandle handle, int batches)
    {
        for (var index = 0; index < batches; index++)
        {
            Append(handle, new BatchBuilder().Record($"value {index}"));
            Lane.Publish();
        }
    }

    /// <summary>The session goes on in a new lane, as after a failure.</summary>
    public void Restart() => Lane = NewLane(32 * Limits.MiB);

    public void Dispose()
    {
        Lane.Abort();
        Tail.Clear();
        if (OwnerFailures.Count > 0) throw new InvalidOperationException("An owner failed on the dispatcher.", OwnerFailures[0]);
        if (Slabs.Leases.Total != 0) throw new InvalidOperationException($"{Slabs.Leases.Total} leases are out: {string.Join(", ", Slabs.Leases.Open)}");
        Slabs.Dispose();
    }

    private SteppedLane NewLane(long openBytes)
    {
        var lane = new SteppedLane(Slabs, Epochs, Time, Tail, openBytes);
        Extents.Add(lane.Lane.Session, lane.Store);
        return lane;
    }
}
