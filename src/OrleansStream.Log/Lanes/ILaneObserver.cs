using OrleansStream.Log.Blocks;

namespace OrleansStream.Log.Lanes;

/// <summary>Whoever must know of a block before the owners of its frames. Calls come from the lane's dispatcher, one at a time, in slot order; they must not block or throw.</summary>
public interface ILaneObserver
{
    /// <summary>The block is durable and has frames. The tail cache takes its lease here, so that a reader who is woken by a frame finds the block.</summary>
    void OnBlockPublished(Block block);

    /// <summary>An owner threw where it must not. The other owners are told all the same; the error is to be logged.</summary>
    void OnOwnerFailed(Exception error);
}
