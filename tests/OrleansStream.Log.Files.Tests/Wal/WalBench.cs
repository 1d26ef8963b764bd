using Microsoft.Extensions.Time.Testing;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Files.Wal;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Model;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Disks;
using OrleansStream.Testing.Lanes;

namespace OrleansStream.Log.Files.Tests.Wal;

/// <summary>A lane over WAL files on a simulated disk, moved by the test alone.</summary>
internal sealed class WalBench : IDisposable
{
    public WalBench(FileLaneOptions? options = null, SimulatedDisk? disk = null, Action<Action>? runApart = null, int largestBlockBytes = Limits.MaxBlockBytes, Action<string, Exception?>? note = null)
    {
        Disk = disk ?? new SimulatedDisk();
        Options = options ?? new FileLaneOptions { FileBytes = 32L * Limits.MiB };
        Store = new WalStore(new WalStoreSetup
        {
            Disk = Disk,
            Session = Session,
            Options = Options,
            Files = Files,
            LargestBlockBytes = largestBlockBytes,
            Time = Time,
            Note = note,
            RunApart = runApart ?? (static work => work()),
        });
        Lane = new Lane(new LaneSetup
        {
            Session = Session,
            Store = Store,
            Sessions = Sessions,
            ClosedEpochs = new ClosedEpochs(),
            Slabs = Slabs,
            Time = Time,
            Random = new Random(1),
            Dispatcher = Dispatcher,
            WakeWriter = static () => { },
            ReadGrace = TimeSpan.Zero,
            BlockBytes = Options.BlockBytes,
        });
        Store.OnSpace = Lane.OnSpace;
        Partition = Lane.PartitionOf(LaneCalls.Partition(0));
    }

    public SessionId Session { get; } = new(new BrokerId(1), Guid.NewGuid());

    public SimulatedDisk Disk { get; }

    public FileLaneOptions Options { get; }

    public WalFiles Files { get; } = new();

    public FakeTimeProvider Time { get; } = new();

    public SlabPool Slabs { get; } = new();

    public StepScheduler Dispatcher { get; } = new();

    public MemorySessionStore Sessions { get; } = new();

    public RecordingOwner Owner { get; } = new();

    public WalStore Store { get; }

    public Lane Lane { get; }

    public LanePartition Partition { get; }

    public EnqueueStatus Append(long offset, int length = 100, LanePartition? partition = null) => Lane.Append(LaneCalls.Request(partition ?? Partition, Owner, offset, length));

    public EnqueueStatus AppendJournal(long offset, int length = 100) => Lane.Append(LaneCalls.Request(Partition, Owner, offset, length) with { Kind = FrameKind.Journal });

    public void RunAll()
    {
        while (Lane.WriteSealed())
        {
        }

        Dispatcher.RunAll();
    }

    /// <summary>Appends frames and publishes each in a block of its own.</summary>
    public void AppendBlocks(long first, int count, int length = 100)
    {
        for (var i = 0; i < count; i++)
        {
            Assert.Equal(EnqueueStatus.Accepted, Append(first + i, length));
            RunAll();
        }
    }

    public List<WalExtent> Extents(LanePartition? partition = null)
    {
        var extents = new List<WalExtent>();
        Lane.Index.CopyTo((partition ?? Partition).Partition, Offset.Zero, extents);
        return extents;
    }

    public void Dispose()
    {
        Store.Dispose();
        Slabs.Dispose();
    }
}
