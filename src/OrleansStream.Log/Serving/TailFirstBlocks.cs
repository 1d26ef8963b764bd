using OrleansStream.Log.Blocks;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Serving;

/// <summary>Takes blocks that the tail cache still has from there, and asks the store for the others: what is new is split without a request.</summary>
/// <param name="tail">The newest blocks.</param>
/// <param name="stored">Reads the store.</param>
public sealed class TailFirstBlocks(TailCache tail, IBlockFrames stored) : IBlockFrames
{
    /// <inheritdoc/>
    public bool IsKnownToLack(SessionId session, Slot slot, FrameFilter isWanted) => stored.IsKnownToLack(session, slot, isWanted);

    /// <inheritdoc/>
    public ValueTask<int> ReadAsync(SessionId session, Slot slot, FrameFilter isWanted, FrameList into, CancellationToken cancellationToken)
    {
        if (!tail.TryLease(session, slot, LeaseHolder.Splitter, out var lease)) return stored.ReadAsync(session, slot, isWanted, into, cancellationToken);
        using (lease) Take(lease, isWanted, into);
        return ValueTask.FromResult(0);
    }

    private static void Take(in BlockLease lease, FrameFilter isWanted, FrameList into)
    {
        var wanted = new List<FrameEntry>();
        foreach (ref readonly var frame in lease.Block.Frames)
        {
            if (isWanted(frame)) wanted.Add(frame);
        }

        wanted.Sort(FrameEntry.ByOffset);
        foreach (var frame in wanted)
        {
            if (!into.TryAdd(lease.Block, frame)) into.Add(new LeasedFrame(lease.Again(LeaseHolder.Splitter), frame));
        }
    }
}
