using System.Runtime.InteropServices;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Lanes;

/// <summary>Blocks that a pipelined store has begun to write and that are not durable yet, in slot order. Used by the writer alone.</summary>
internal sealed class LaneFlight(IPipelinedLaneStore store, LaneSetup setup)
{
    private readonly Queue<LaneBlock> _blocks = new(store.Depth);
    private readonly List<LaneBlock> _landed = new(store.Depth);

    /// <summary>How many blocks may be begun now.</summary>
    public int Room => store.Depth - _blocks.Count;

    public bool IsEmpty => _blocks.Count == 0;

    public void Begin(ReadOnlySpan<LaneBlock> blocks, long now)
    {
        foreach (var block in blocks)
        {
            block.WrittenAt = now;
            _blocks.Enqueue(block);
        }
    }

    /// <summary>Takes the blocks that are durable, and all before them, since the last call. Valid until the next one.</summary>
    public ReadOnlySpan<LaneBlock> TakeLanded()
    {
        _landed.Clear();
        var end = store.DurableEnd;
        while (_blocks.TryPeek(out var first) && first.Slot < end) _landed.Add(_blocks.Dequeue());
        var landed = CollectionsMarshal.AsSpan(_landed);
        if (setup.Metrics is not { } metrics) return landed;

        // Each was a write of its own.
        var now = setup.Time.GetTimestamp();
        for (var i = 0; i < landed.Length; i++) metrics.Flushed(setup.Time, landed[i].WrittenAt, now, landed.Slice(i, 1));
        return landed;
    }

    /// <summary>Takes what has not landed: the lane has ended.</summary>
    /// <returns>The first slot that certainly stands nowhere, nor any above it.</returns>
    public Slot GiveUp(List<LaneBlock> into)
    {
        while (_blocks.TryDequeue(out var block)) into.Add(block);
        return store.GiveUp();
    }
}
