using OrleansStream.Log.Blocks;
using OrleansStream.Log.Lanes;

namespace OrleansStream.Simulation.Mutants;

/// <summary>Tells a frame's owner of its publication at a wrong time: swapped with its neighbour.</summary>
internal sealed class SwappingOwner(IFrameOwner inner)
{
    private (Block Block, int Index, object? State)? _held;

    public IFrameOwner Owner => new Adapter(this, inner);

    private sealed class Adapter(SwappingOwner swap, IFrameOwner inner) : IFrameOwner
    {
        public void OnPublished(Block block, int index, object? state)
        {
            if (swap._held is not { } held)
            {
                swap._held = (block, index, state);
                return;
            }

            swap._held = null;
            inner.OnPublished(block, index, state);
            inner.OnPublished(held.Block, held.Index, held.State);
        }

        public void OnLost(LaneEnd end, bool mayBeStored, object? state) => inner.OnLost(end, mayBeStored, state);
    }
}
