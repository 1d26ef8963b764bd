using OrleansStream.Log.Blocks;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Model.Ids;
using OrleansStream.Simulation.Brokers;

namespace OrleansStream.Simulation.Mutants;

/// <summary>Mutants of trim and carry forward (rules T1, S4): lanes that find another slot up to which nothing is needed.</summary>
internal abstract class TrimTargetMutation : Mutation
{
    protected SimulatedBroker? Broker { get; private set; }

    public override void Started(SimulatedBroker broker) => Broker = broker;

    public override Lane NewLane(LaneSetup setup) => new TargetLane(setup, this);

    protected abstract Slot Target(Lane lane, Slot publishedEnd);

    /// <summary>The lowest slot of what the lane holds, of each partition from an offset on; null leaves the partition out.</summary>
    protected static Slot Lowest(Lane lane, Slot lowest, Func<PartitionId, Offset?> from)
    {
        var holdings = new List<LaneHolding>();
        lane.Index.CopyBelow(new Slot(long.MaxValue), holdings);
        foreach (var holding in holdings)
        {
            if (from(holding.Partition) is not { } offset) continue;
            var extents = new List<WalExtent>();
            lane.Index.CopyTo(holding.Partition, offset, extents);
            foreach (var extent in extents) lowest = Slot.Min(lowest, extent.FirstSlot);
        }

        return lowest;
    }

    private sealed class TargetLane(LaneSetup setup, TrimTargetMutation mutation) : Lane(setup)
    {
        protected override Slot TrimTarget(Slot publishedEnd) => mutation.Target(this, publishedEnd);
    }
}

/// <summary>Slots that are written and not yet published do not count.</summary>
internal sealed class InFlightMutation : TrimTargetMutation
{
    protected override Slot Target(Lane lane, Slot publishedEnd) => Lowest(lane, new Slot(publishedEnd.Value + lane.BlocksInFlight), static _ => Offset.Zero);
}

/// <summary>A partition that is not open pins nothing.</summary>
internal sealed class UnpinnedMutation : TrimTargetMutation
{
    protected override Slot Target(Lane lane, Slot publishedEnd) => Lowest(lane, publishedEnd, partition => Broker!.Handles.TryGet(partition, out _) ? Offset.Zero : null);
}

/// <summary>A frame that is appended again has its new slot at once.</summary>
internal sealed class EarlyCarryMutation : TrimTargetMutation
{
    private readonly Dictionary<PartitionId, Offset> _carried = [];

    public override ILane Lane(ILane lane) => new MutantLane(lane)
    {
        OnEnqueue = request =>
        {
            if (Carried.Is(lane, request)) _carried[request.Partition.Partition] = request.LastOffset + 1;
            return request;
        },
    };

    protected override Slot Target(Lane lane, Slot publishedEnd) =>
        Lowest(lane, publishedEnd, partition => _carried.GetValueOrDefault(partition));
}

/// <summary>A frame that was appended again is in the index no longer.</summary>
internal sealed class ForgottenCarryMutation : Mutation
{
    public override ILane Lane(ILane lane) => new MutantLane(lane)
    {
        OnEnqueue = request => Carried.Is(lane, request) ? Carried.WithOwner(request, new Forgetting(request.Owner, lane, (request.Partition.Partition, request.LastOffset))) : request,
    };

    private sealed class Forgetting(IFrameOwner inner, ILane lane, (PartitionId Partition, Offset LastOffset) frame) : IFrameOwner
    {
        public void OnPublished(Block block, int index, object? state)
        {
            inner.OnPublished(block, index, state);
            lane.Index.ForgetBelow(frame.Partition, frame.LastOffset + 1);
        }

        public void OnLost(LaneEnd end, bool mayBeStored, object? state) => inner.OnLost(end, mayBeStored, state);
    }
}

/// <summary>Tells carried frames from new ones.</summary>
internal static class Carried
{
    public static bool Is(ILane lane, in FrameRequest request) => lane.Index.PublishedEnd(request.Partition.Partition) is { } end && request.BaseOffset < end;

    public static FrameRequest WithOwner(in FrameRequest request, IFrameOwner owner) => new()
    {
        Partition = request.Partition,
        Epoch = request.Epoch,
        BaseOffset = request.BaseOffset,
        LastOffset = request.LastOffset,
        MaxTimestampMs = request.MaxTimestampMs,
        Length = request.Length,
        Kind = request.Kind,
        Owner = owner,
        State = request.State,
        LatencyClass = request.LatencyClass,
    };
}
