using OrleansStream.Log.Blocks;
using OrleansStream.Log.Lanes;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Tests.Lanes;

/// <summary>A store that has blocks on their way until the test lands them.</summary>
internal sealed class PipelinedStore(int depth) : IPipelinedLaneStore
{
    private readonly List<BlockLease> _leases = [];

    public int Depth => depth;

    public Slot DurableEnd { get; private set; }

    public long Throttled { get; set; }

    /// <summary>What each write began.</summary>
    public List<List<Slot>> Writes { get; } = [];

    /// <summary>The blocks' bytes as they were given.</summary>
    public List<byte[]> Blocks { get; } = [];

    /// <summary>What the store fails with from now on; null while it works.</summary>
    public Exception? Failure { get; set; }

    public EnqueueStatus Reserve(int bytes) => EnqueueStatus.Accepted;

    public void Write(ReadOnlySpan<LaneBlock> blocks)
    {
        if (Failure is { } failure) throw failure;
        Writes.Add([]);
        foreach (var block in blocks)
        {
            Writes[^1].Add(block.Slot);
            Blocks.Add(block.Stored.ToArray());
            _leases.Add(block.Lease());
        }
    }

    /// <summary>What the store says when the lane has ended; unless set, that all that was begun may stand.</summary>
    public Slot? NowhereFrom { get; set; }

    public Slot GiveUp() => NowhereFrom ?? new Slot(Blocks.Count);

    public TimeSpan Tend(bool isLast) => Failure is { } failure ? throw failure : Timeout.InfiniteTimeSpan;

    public void Forget(Slot below)
    {
    }

    /// <summary>So many more blocks are durable.</summary>
    public void Land(int blocks)
    {
        DurableEnd = new Slot(DurableEnd.Value + blocks);
        GiveBack(blocks);
    }

    /// <summary>So many requests are over, whatever became of them.</summary>
    public void GiveBack(int blocks)
    {
        foreach (var lease in _leases.Take(blocks)) lease.Dispose();
        _leases.RemoveRange(0, blocks);
    }
}
