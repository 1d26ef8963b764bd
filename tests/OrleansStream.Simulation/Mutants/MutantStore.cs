using OrleansStream.Log.Lanes;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Simulation.Mutants;

/// <summary>A lane's store that says what is not so.</summary>
internal sealed class MutantStore(ILaneStore inner) : ILaneStore
{
    /// <summary>Every block claims that nothing was durable when it was sealed.</summary>
    public bool HidesDurableEnd { get; init; }

    /// <summary>A failed write or sync passes for a success.</summary>
    public bool SwallowsFailures { get; init; }

    public Slot DurableEnd => HidesDurableEnd ? Slot.Zero : inner.DurableEnd;

    public EnqueueStatus Reserve(int bytes) => inner.Reserve(bytes);

    public void Write(ReadOnlySpan<LaneBlock> blocks)
    {
        try
        {
            inner.Write(blocks);
        }
        catch (Exception error) when (SwallowsFailures && error is DiskException or InvalidOperationException)
        {
        }
    }

    public TimeSpan Tend(bool isLast)
    {
        try
        {
            return inner.Tend(isLast);
        }
        catch (Exception error) when (SwallowsFailures && error is DiskException or InvalidOperationException)
        {
            return Timeout.InfiniteTimeSpan;
        }
    }

    public void Forget(Slot below) => inner.Forget(below);
}
