using OrleansStream.Log.Lanes;
using OrleansStream.Model.Ids;

namespace OrleansStream.Simulation.Mutants;

/// <summary>A lane's store that shows each write to a mutant before it is done.</summary>
internal sealed class StoreTap(ILaneStore inner, StoreTap.Written onWrite) : IPipelinedLaneStore
{
    /// <summary>Told of blocks that are about to be sent, and are not durable yet.</summary>
    public delegate void Written(ReadOnlySpan<LaneBlock> blocks);

    public int Depth => ((IPipelinedLaneStore)inner).Depth;

    public long Throttled => ((IPipelinedLaneStore)inner).Throttled;

    public Slot DurableEnd => inner.DurableEnd;

    public EnqueueStatus Reserve(int bytes) => inner.Reserve(bytes);

    public void Write(ReadOnlySpan<LaneBlock> blocks)
    {
        onWrite(blocks);
        inner.Write(blocks);
    }

    public Slot GiveUp() => ((IPipelinedLaneStore)inner).GiveUp();

    public TimeSpan Tend(bool isLast) => inner.Tend(isLast);

    public void Forget(Slot below) => inner.Forget(below);
}
