using OrleansStream.Log.Economy;
using OrleansStream.Log.Lanes;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Tests.Lanes;

/// <summary>A store that is done with each block at once, keeps nothing, and charges for it.</summary>
internal sealed class PaidStore(WriteBudget? budget) : IPipelinedLaneStore
{
    public int Depth => 6;

    public Slot DurableEnd { get; private set; }

    public int Operations { get; private set; }

    public EnqueueStatus Reserve(int bytes) => EnqueueStatus.Accepted;

    public void Write(ReadOnlySpan<LaneBlock> blocks)
    {
        Operations += blocks.Length;
        budget?.Spend(blocks.Length);
        DurableEnd = blocks[^1].Slot.Next;
    }

    public Slot GiveUp() => DurableEnd;

    public TimeSpan Tend(bool isLast) => Timeout.InfiniteTimeSpan;

    public void Forget(Slot below)
    {
    }
}
