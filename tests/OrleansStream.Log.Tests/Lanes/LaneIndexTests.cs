using OrleansStream.Log.Manifests;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Lanes;

namespace OrleansStream.Log.Tests.Lanes;

public sealed class LaneIndexTests
{
    [Fact]
    public void Neighbouring_frames_share_an_entry_up_to_64_KiB()
    {
        using var bench = new LaneBench();
        for (var i = 0; i < 40; i++)
        {
            bench.Append(i, length: 8192);
            bench.RunAll();
        }

        var extents = Extents(bench, 0);
        Assert.Equal([(0L, 7L, 0L, 7L), (8L, 15L, 8L, 15L), (16L, 23L, 16L, 23L), (24L, 31L, 24L, 31L), (32L, 39L, 32L, 39L)], extents);
    }

    [Fact]
    public void An_entry_does_not_span_files()
    {
        using var bench = new LaneBench();
        for (var i = 0; i < 4; i++)
        {
            bench.Store.RegionNumber = i / 2;
            bench.Append(i);
            bench.RunAll();
        }

        Assert.Equal([(0L, 1L, 0L, 1L), (2L, 3L, 2L, 3L)], Extents(bench, 0));
    }

    [Theory, InlineData(0, 5), InlineData(7, 5), InlineData(8, 4), InlineData(39, 1), InlineData(40, 0)]
    public void Looking_up_begins_with_the_entry_that_holds_the_offset(long from, int count)
    {
        using var bench = new LaneBench();
        for (var i = 0; i < 40; i++) bench.Append(i, length: 8192);
        bench.RunAll();
        Assert.Equal(count, Extents(bench, from).Count);
    }

    [Fact]
    public void The_published_end_outlives_what_is_forgotten()
    {
        using var bench = new LaneBench();
        Assert.Null(bench.Lane.Index.PublishedEnd(bench.Partition.Partition));
        bench.Append(41);
        Assert.Null(bench.Lane.Index.PublishedEnd(bench.Partition.Partition));
        bench.RunAll();
        bench.Lane.Index.ForgetBelow(bench.Partition.Partition, new Offset(42));
        Assert.Empty(Extents(bench, 0));
        Assert.Equal(new Offset(42), bench.Lane.Index.PublishedEnd(bench.Partition.Partition));
    }

    [Fact]
    public void S3_an_entry_that_reaches_above_the_offset_is_kept_whole()
    {
        using var bench = new LaneBench();
        for (var i = 0; i < 16; i++) bench.Append(i, length: 8192);
        bench.RunAll();
        bench.Lane.Index.ForgetBelow(bench.Partition.Partition, new Offset(15));
        Assert.Equal([8L], Extents(bench, 0).Select(extent => extent.Base));
    }

    [Fact]
    public void S4_a_carried_frame_is_no_second_entry_and_moves_the_slots_once_all_of_the_entry_was_carried()
    {
        using var bench = new LaneBench();
        bench.Append(0);
        bench.Append(1);
        bench.RunAll();
        bench.Append(2, partition: bench.Lane.PartitionOf(LaneCalls.Partition(5)));
        bench.RunAll();
        bench.Append(0);
        bench.RunAll();
        Assert.Equal([(0L, 1L, 0L, 2L)], Extents(bench, 0));
        bench.Append(1);
        bench.RunAll();
        Assert.Equal([(0L, 1L, 2L, 3L)], Extents(bench, 0));
        Assert.Equal(new Offset(2), bench.Lane.Index.PublishedEnd(bench.Partition.Partition));
    }

    [Fact]
    public void Sizes_and_times_are_those_of_the_frames()
    {
        using var bench = new LaneBench();
        for (var i = 0; i < 3; i++) bench.Append(i, length: 10 + i);
        bench.RunAll();
        var extents = new List<WalExtent>();
        bench.Lane.Index.CopyTo(bench.Partition.Partition, Offset.Zero, extents);
        Assert.Equal((33, 2), (Assert.Single(extents).Bytes, extents[0].MaxTimestampMs));
        Assert.Equal(bench.Lane.Session, extents[0].Session);
    }

    [Fact]
    public void T1_the_lowest_slot_follows_what_comes_is_carried_and_goes()
    {
        using var bench = new LaneBench();
        var index = bench.Lane.Index;
        var other = bench.Lane.PartitionOf(LaneCalls.Partition(5));
        Assert.Equal(new Slot(9), index.LowestSlot(new Slot(9)));

        bench.Append(0);
        bench.RunAll();
        bench.Append(0, partition: other);
        bench.RunAll();
        Assert.Equal(new Slot(0), index.LowestSlot(new Slot(9)));

        bench.Append(0); // Carried forward: the same frame once more, in slot 2.
        bench.RunAll();
        Assert.Equal(new Slot(1), index.LowestSlot(new Slot(9)));

        index.ForgetBelow(other.Partition, new Offset(1));
        Assert.Equal(new Slot(2), index.LowestSlot(new Slot(9)));
        Assert.Equal(new Slot(1), index.LowestSlot(new Slot(1)));

        bench.Lane.Forget(bench.Partition.Partition);
        Assert.Equal(new Slot(9), index.LowestSlot(new Slot(9)));
    }

    private static List<(long Base, long Last, long FirstSlot, long LastSlot)> Extents(LaneBench bench, long from)
    {
        var extents = new List<WalExtent>();
        bench.Lane.Index.CopyTo(bench.Partition.Partition, new Offset(from), extents);
        return [.. extents.Select(extent => (extent.BaseOffset.Value, extent.LastOffset.Value, extent.FirstSlot.Value, extent.LastSlot.Value))];
    }
}
