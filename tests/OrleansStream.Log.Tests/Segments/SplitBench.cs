using OrleansStream.Log.Blocks;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Segments;
using OrleansStream.Log.Serving;
using OrleansStream.Log.Tests.Retention;
using OrleansStream.Log.Tests.Serving;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Records;

namespace OrleansStream.Log.Tests.Segments;

/// <summary>A broker in memory whose WAL is emptied.</summary>
internal sealed class SplitBench : IDisposable
{
    private readonly SplitterParts _parts;

    public SplitBench(SplitOptions? options = null, int maxSegmentBytes = 1 << 20)
    {
        Splitter = new Splitter(_parts = new SplitterParts
        {
            Store = Retention.Store,
            Manifests = Retention.Editor,
            Objects = Objects = new FailingObjects(Retention.Objects),
            Extents = Retention.Broker.Extents,
            Slabs = Retention.Broker.Slabs,
            Handles = Retention.Broker.Handles,
            CurrentLane = () => Lane,
            Open = (partition, _) => ValueTask.FromResult(OpenInherited(partition)),
            Random = new Random(1),
            Time = Retention.Time,
            Space = () => Space,
            MayRest = () => MayRest,
            Segments = new SegmentOptions { MaxBytes = maxSegmentBytes },
            Options = options ?? new SplitOptions { CarryBytes = 0 },
            OnFailed = (partition, error) => Failures.Add((partition, error)),
        });
    }

    public RetentionBench Retention { get; } = new();

    public Splitter Splitter { get; }

    /// <summary>What the splitter writes to: the objects of <see cref="Retention"/>, with faults.</summary>
    public FailingObjects Objects { get; }

    /// <summary>Bytes that segments may take.</summary>
    public long Space { get; set; } = long.MaxValue;

    /// <summary>Whether the splitter may pause between its steps.</summary>
    public bool MayRest { get; set; }

    public List<(PartitionId Partition, LogException Error)> Failures { get; } = [];

    public Lane Lane => Retention.Broker.Lane.Lane;

    public PartitionHandle Open(int index = 0) => Retention.Open(new PartitionSettings { RetentionMs = -1 }, index);

    /// <summary>Appends batches, each in a block of its own.</summary>
    public void Append(PartitionHandle handle, int batches, int valueBytes = 100)
    {
        for (var i = 0; i < batches; i++)
        {
            Retention.Broker.Append(handle, new BatchBuilder().Records(2, valueBytes));
            Retention.Broker.Lane.Publish();
        }
    }

    /// <summary>Empties everything below the slot, while the lane publishes what is carried, then trims.</summary>
    public async Task<bool> SplitAsync(Slot end)
    {
        var split = Splitter.SplitAsync(new WalPart(Lane.Session, end, 1), CancellationToken.None).AsTask();
        for (var turns = 0; !split.IsCompleted; turns++)
        {
            Assert.True(turns < 100_000, "The split does not end.");
            Retention.Broker.Lane.Publish();
            await Task.Yield();
        }

        await Lane.TrimAsync(CancellationToken.None);
        return await split;
    }

    /// <summary>What must be cut so that the partition has nothing in the WAL up to this offset.</summary>
    public async Task<IReadOnlyList<WalExtent>> PlanAsync(PartitionId partition, Offset to) =>
        (await new SplitPlanner(_parts).PlanAsync(Lane, partition, to, CancellationToken.None))!.Sources;

    /// <summary>All base offsets of a partition by a cold read.</summary>
    public long[] ReadAll(PartitionHandle handle)
    {
        Retention.Broker.Tail.Clear();
        return Reading.All(handle, handle.LogStart);
    }

    public void Dispose() => Retention.Dispose();

    private PartitionHandle? OpenInherited(PartitionId partition)
    {
        var manifest = Retention.Store.GetAsync(partition, CancellationToken.None).AsTask().Result!.Manifest;
        var claimed = manifest with { Epoch = manifest.Epoch.Next, Owner = Lane.Session };
        Retention.Store.Put(claimed);
        return Retention.Broker.Open(claimed, new PartitionSettings { RetentionMs = -1 });
    }
}
