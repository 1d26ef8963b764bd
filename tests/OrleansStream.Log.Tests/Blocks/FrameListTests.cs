using OrleansStream.Log.Blocks;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Tests.Blocks;

public sealed class FrameListTests
{
    [Fact]
    public void Neighbouring_frames_of_a_block_share_a_lease_that_the_last_one_gives_back()
    {
        using var pool = new SlabPool();
        using var first = Read(pool);
        using var second = Read(pool);
        using var frames = new FrameList();
        Assert.False(frames.TryAdd(first.Block, Frame(0, 0, 10)));
        frames.Add(new LeasedFrame(first.Again(LeaseHolder.Response), Frame(0, 0, 10)));
        Assert.True(frames.TryAdd(first.Block, Frame(1, 10, 20)));
        Assert.False(frames.TryAdd(second.Block, Frame(2, 0, 30)));
        frames.Add(new LeasedFrame(second.Again(LeaseHolder.Response), Frame(2, 0, 30)));
        Assert.Equal((3, 60L, 2L), (frames.Count, frames.Bytes, pool.Leases.Count(LeaseHolder.Response)));
        Assert.Equal([0L, 1L, 2L], Enumerable.Range(0, 3).Select(index => frames[index].Entry.BaseOffset.Value));
        Assert.Same(second.Block, frames[2].Lease.Block);

        frames.Cut(1);
        Assert.Equal((1, 10L, 1L), (frames.Count, frames.Bytes, pool.Leases.Count(LeaseHolder.Response)));
        frames.Cut(0);
        Assert.Equal((0, 0L, 0L), (frames.Count, frames.Bytes, pool.Leases.Count(LeaseHolder.Response)));
    }

    [Fact]
    public void A_stretch_ends_at_a_gap_and_at_the_end_of_a_block()
    {
        using var pool = new SlabPool();
        using var first = Read(pool);
        using var second = Read(pool);
        using var frames = new FrameList();
        frames.Add(new LeasedFrame(first.Again(LeaseHolder.Response), Frame(0, 100, 10)));
        frames.TryAdd(first.Block, Frame(1, 110, 20));
        frames.TryAdd(first.Block, Frame(2, 200, 30));
        frames.Add(new LeasedFrame(second.Again(LeaseHolder.Response), Frame(3, 230, 40)));

        Assert.Equal(first.Memory[100..130], frames.Stretch(0, out var next));
        Assert.Equal(2, next);
        Assert.Equal(first.Memory[110..130], frames.Stretch(1, out next));
        Assert.Equal(first.Memory[200..230], frames.Stretch(2, out next));
        Assert.Equal(3, next);
        Assert.Equal(second.Memory[230..270], frames.Stretch(3, out next));
        Assert.Equal(4, next);
    }

    private static FrameEntry Frame(long offset, int position, int length) => new()
    {
        Partition = default,
        Epoch = new LeaderEpoch(1),
        BaseOffset = new Offset(offset),
        LastOffset = new Offset(offset),
        MaxTimestampMs = -1,
        Position = position,
        Length = length,
        Kind = FrameKind.Records,
        Checksum = 0,
    };

    private static BlockLease Read(SlabPool pool) => Block.OfRead(pool, pool.Rent(4096), 4096);
}
