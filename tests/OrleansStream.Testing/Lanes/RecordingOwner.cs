using OrleansStream.Log.Blocks;
using OrleansStream.Log.Lanes;
using OrleansStream.Model.Ids;

namespace OrleansStream.Testing.Lanes;

/// <summary>A partition that writes down what its lane tells it.</summary>
public sealed class RecordingOwner : IFrameOwner
{
    private readonly Lock _lock = new();
    private readonly List<(Slot Slot, Offset Base, object? State)> _published = [];
    private readonly List<(string Reason, bool MayBeStored, object? State)> _lost = [];

    /// <summary>What the lane published, in the order in which it did.</summary>
    public IReadOnlyList<(Slot Slot, Offset Base, object? State)> Published
    {
        get
        {
            lock (_lock) return [.. _published];
        }
    }

    public IReadOnlyList<(string Reason, bool MayBeStored, object? State)> Lost
    {
        get
        {
            lock (_lock) return [.. _lost];
        }
    }

    /// <summary>Called after a frame was written down.</summary>
    public Action<Block, int>? AfterPublished { get; set; }

    public void OnPublished(Block block, int index, object? state)
    {
        lock (_lock) _published.Add((block.Slot, block.Frames[index].BaseOffset, state));
        AfterPublished?.Invoke(block, index);
    }

    public void OnLost(LaneEnd end, bool mayBeStored, object? state)
    {
        lock (_lock) _lost.Add((end.Reason, mayBeStored, state));
    }
}
