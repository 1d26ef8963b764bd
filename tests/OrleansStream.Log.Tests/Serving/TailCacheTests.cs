using OrleansStream.Log.Blocks;
using OrleansStream.Log.Serving;
using OrleansStream.Model;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Records;
using OrleansStream.Testing.Serving;

namespace OrleansStream.Log.Tests.Serving;

public sealed class TailCacheTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(4 * Limits.KiB)]
    [InlineData(64 * Limits.KiB)]
    public void The_cache_never_holds_more_than_its_bound_and_charges_whole_slabs(long bound)
    {
        using var broker = new MemoryBroker(bound);
        var handle = broker.Open();
        for (var round = 0; round < 100; round++)
        {
            broker.AppendDurably(handle, 1);
            Assert.InRange(broker.Tail.Bytes, 0, bound);
            Assert.Equal(broker.Slabs.BytesOut, broker.Tail.Bytes);
        }

        Assert.Equal(bound / SlabPool.MinSlabBytes, broker.Tail.Blocks);
    }

    [Fact]
    public void Blocks_go_in_lane_order_and_with_them_the_frames_of_every_partition()
    {
        using var broker = new MemoryBroker(2 * SlabPool.MinSlabBytes);
        var first = broker.Open(broker.NewManifest(MemoryBroker.PartitionOf(1)));
        var second = broker.Open(broker.NewManifest(MemoryBroker.PartitionOf(2)));
        for (var block = 0; block < 3; block++)
        {
            broker.Append(first, new BatchBuilder().Record("a"));
            broker.Append(second, new BatchBuilder().Record("b"));
            broker.Append(first, new BatchBuilder().Record("c"));
            broker.Lane.Publish();
        }

        Assert.Equal(1, broker.Tail.EvictedBlocks);
        Assert.Equal([2, 3, 4, 5], Reading.BaseOffsets(first, new Offset(2)));
        Assert.Equal([1, 2], Reading.BaseOffsets(second, new Offset(1)));
        Assert.Equal(0, broker.Extents.Reads);
        Assert.Equal([0, 1, 2, 3, 4, 5], Reading.BaseOffsets(first, Offset.Zero));
        Assert.True(broker.Extents.Reads > 0);
    }

    [Fact]
    public void A_block_larger_than_the_cache_leaves_no_hole_that_readers_jump_over()
    {
        using var broker = new MemoryBroker(16 * Limits.KiB);
        var handle = broker.Open();
        broker.AppendDurably(handle, 1);
        broker.Append(handle, new BatchBuilder().Records(1, 100_000));
        broker.Lane.Publish();
        Assert.Equal([0, 1], Reading.All(handle, Offset.Zero));

        broker.AppendDurably(handle, 1);

        Assert.Equal([0, 1, 2], Reading.All(handle, Offset.Zero));
    }

    [Fact]
    public void A_reader_keeps_its_bytes_while_the_cache_evicts_them()
    {
        using var broker = new MemoryBroker(SlabPool.MinSlabBytes);
        var handle = broker.Open();
        broker.AppendDurably(handle, 1);
        using var frames = new FrameList();
        Reading.Read(handle, Offset.Zero, frames);
        var before = frames[0].Bytes.ToArray();

        broker.AppendDurably(handle, 5);

        Assert.Equal(before, frames[0].Bytes.ToArray());
        Assert.Equal(2 * SlabPool.MinSlabBytes, broker.Slabs.BytesOut);
        frames.Dispose();
        Assert.Equal(SlabPool.MinSlabBytes, broker.Slabs.BytesOut);
    }

    [Fact]
    public void A_closed_partition_holds_nothing_of_the_cache()
    {
        using var broker = new MemoryBroker();
        var handle = broker.Open();
        broker.Append(handle, new BatchBuilder().Record("a"));
        handle.Close(Model.Errors.ErrorCode.NotLeaderOrFollower);
        broker.Lane.Publish();

        Assert.Equal(new Offset(1), handle.HighWatermark);
        Assert.False(handle.Published.TryReadTail(new ReadLimits(0, 1, 100, true), new FrameList()));
    }

    [Fact]
    public void The_ring_finds_every_offset_while_it_grows_wraps_and_shrinks()
    {
        using var broker = new MemoryBroker(8 * SlabPool.MinSlabBytes);
        var handle = broker.Open();
        var random = new Random(42);
        long oldest = 0;
        for (var round = 0; round < 200; round++)
        {
            for (var batch = random.Next(1, 12); batch > 0; batch--) broker.Append(handle, new BatchBuilder().Records(random.Next(1, 4)));
            broker.Lane.Publish();
            var end = handle.HighWatermark.Value;
            var reads = broker.Extents.Reads;
            for (var offset = end - 1; offset >= oldest; offset--)
            {
                using var frames = new FrameList();
                Reading.Read(handle, new Offset(offset), frames);
                if (broker.Extents.Reads > reads)
                {
                    oldest = offset + 1;
                    break;
                }

                Assert.InRange(offset, frames[0].Entry.BaseOffset.Value, frames[0].Entry.LastOffset.Value);
                Assert.Equal(end - 1, frames[frames.Count - 1].Entry.LastOffset.Value);
            }
        }

        Assert.True(oldest > 0, "Nothing was ever evicted.");
    }

    // 10,000 partitions, most of them idle.
    [Fact]
    public void An_idle_partition_costs_little_memory()
    {
        using var broker = new MemoryBroker();
        var handles = new List<PartitionHandle>(2000);
        broker.Open(broker.NewManifest(MemoryBroker.PartitionOf(-1)));
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var index = 0; index < 2000; index++) handles.Add(broker.Open(broker.NewManifest(MemoryBroker.PartitionOf(index))));
        var each = (GC.GetAllocatedBytesForCurrentThread() - before) / 2000;

        Assert.Equal(2001, broker.Handles.Count);
        Assert.InRange(each, 1, 2_048);
    }
}
