using OrleansStream.Log.Blocks;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Lanes;

namespace OrleansStream.Log.Tests.Segments;

/// <summary>Blocks whose frames a test names, and whose reads fail or wait when it says so.</summary>
internal sealed class BlocksInMemory(SlabPool slabs) : IBlockFrames
{
    private const int FrameBytes = 100;

    private readonly Dictionary<(SessionId Session, Slot Slot), List<FrameEntry>> _blocks = [];

    /// <summary>What was asked for, in order.</summary>
    public List<(SessionId Session, long Slot)> Reads { get; } = [];

    /// <summary>Runs when a read has its frames and before it is over: it may wait, or fail.</summary>
    public Func<SessionId, long, CancellationToken, Task>? Then { get; set; }

    /// <summary>Adds frames of one offset each to a block.</summary>
    public void Put(SessionId session, long slot, int partition, params long[] offsets)
    {
        if (!_blocks.TryGetValue((session, new Slot(slot)), out var frames)) _blocks[(session, new Slot(slot))] = frames = [];
        foreach (var offset in offsets)
        {
            frames.Add(new FrameEntry
            {
                Partition = LaneCalls.Partition(partition),
                Epoch = default,
                BaseOffset = new Offset(offset),
                LastOffset = new Offset(offset),
                MaxTimestampMs = -1,
                Position = frames.Count * FrameBytes,
                Length = FrameBytes,
                Kind = FrameKind.Records,
                Checksum = 0,
            });
        }
    }

    public bool IsKnownToLack(SessionId session, Slot slot, FrameFilter isWanted) => false;

    public async ValueTask<int> ReadAsync(SessionId session, Slot slot, FrameFilter isWanted, FrameList into, CancellationToken cancellationToken)
    {
        Reads.Add((session, slot.Value));
        cancellationToken.ThrowIfCancellationRequested();
        if (!_blocks.TryGetValue((session, slot), out var all)) throw new MissingObjectException($"w/{slot}");

        var wanted = all.FindAll(frame => isWanted(frame));
        wanted.Sort(FrameEntry.ByOffset);
        var bytes = all.Count * FrameBytes;
        using var block = Block.OfRead(slabs, slabs.Rent(bytes), bytes, session, slot);
        foreach (var frame in wanted)
        {
            if (!into.TryAdd(block.Block, frame)) into.Add(new LeasedFrame(block.Again(LeaseHolder.Splitter), frame));
        }

        if (Then is { } then) await then(session, slot.Value, cancellationToken);
        return 1;
    }
}
