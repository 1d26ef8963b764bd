using Microsoft.Extensions.Time.Testing;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Economy;
using OrleansStream.Log.Lanes;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Lanes;

namespace OrleansStream.Log.Tests.Lanes;

/// <summary>A lane over memory that moves only when the test says so.</summary>
internal sealed class LaneBench : ILaneObserver, IDisposable
{
    public LaneBench(Func<LaneSetup, LaneSetup>? change = null, ClosedEpochs? epochs = null)
    {
        var setup = new LaneSetup
        {
            Session = new SessionId(new BrokerId(1), Guid.NewGuid()),
            ClusterGeneration = 3,
            Store = Store,
            Sessions = Sessions,
            ClosedEpochs = epochs ?? new ClosedEpochs(),
            Slabs = Slabs,
            Time = Time,
            Random = new Random(1),
            Dispatcher = Dispatcher,
            WakeWriter = () => Wakes++,
            Observer = this,
        };
        Lane = new Lane(change?.Invoke(setup) ?? setup);
        Partition = Lane.PartitionOf(LaneCalls.Partition(0));
    }

    public MemoryStore Store { get; } = new();

    public MemorySessionStore Sessions { get; } = new();

    public SlabPool Slabs { get; } = new();

    public FakeTimeProvider Time { get; } = new();

    public StepScheduler Dispatcher { get; } = new();

    public RecordingOwner Owner { get; } = new();

    public int Wakes { get; private set; }

    public List<string> Events { get; } = [];

    public Lane Lane { get; }

    public LanePartition Partition { get; }

    public EnqueueStatus Append(long offset, int length = 100, int epoch = 0, LatencyClass latencyClass = LatencyClass.Low, LanePartition? partition = null) =>
        Lane.Append(LaneCalls.Request(partition ?? Partition, Owner, offset, length, epoch, latencyClass: latencyClass));

    /// <summary>Writes and publishes until there is nothing to do.</summary>
    public void RunAll()
    {
        while (Lane.WriteSealed())
        {
        }

        Dispatcher.RunAll();
    }

    /// <summary>What the observer throws where it must not.</summary>
    public Exception? ObserverFailure { get; set; }

    public void OnBlockPublished(Block block)
    {
        Events.Add($"block {block.Slot.Value}");
        if (ObserverFailure is { } failure) throw failure;
    }

    public void OnOwnerFailed(Exception error)
    {
        Events.Add(error.Message);
        if (ObserverFailure is { } failure) throw failure;
    }

    public void Dispose() => Slabs.Dispose();
}
