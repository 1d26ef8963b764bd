using OrleansStream.Log.Blocks;
using OrleansStream.Log.Lanes;

namespace OrleansStream.Simulation.Mutants;

/// <summary>Takes each frame that its lane lost for one that stands nowhere.</summary>
internal sealed class CertainOwner(IFrameOwner inner) : IFrameOwner
{
    public void OnPublished(Block block, int index, object? state) => inner.OnPublished(block, index, state);

    public void OnLost(LaneEnd end, bool mayBeStored, object? state) => inner.OnLost(end, mayBeStored: false, state);
}
