using OrleansStream.Log.Blocks;
using OrleansStream.Log.Lanes;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Tests.Lanes;

/// <summary>A lane whose store has several blocks on their way (rules W1, B3, T1).</summary>
public sealed class PipelinedLaneTests : IDisposable
{
    private const int Depth = 3;

    private readonly PipelinedStore _store = new(Depth);
    private readonly LaneBench _bench;

    public PipelinedLaneTests() => _bench = new LaneBench(setup => setup with { Store = _store });

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void Blocks_go_on_their_way_without_waiting_for_each_other_up_to_the_depth()
    {
        for (var offset = 0; offset < Depth + 2; offset++)
        {
            _bench.Append(offset);
            _bench.RunAll();
        }

        Assert.Equal(Slots([0], [1], [2]), _store.Writes);
        Assert.Empty(_bench.Owner.Published);
    }

    [Fact]
    public void What_comes_while_there_is_no_room_goes_together_when_there_is()
    {
        Fill();
        for (var offset = 10; offset < 15; offset++)
        {
            _bench.Append(offset);
            _bench.RunAll(); // They are due at once, and wait for company all the same.
        }

        Assert.Equal(Depth, _store.Writes.Count);

        _store.Land(1);
        _bench.RunAll();

        Assert.Equal(Slots([0], [1], [2], [3]), _store.Writes);
        _store.Land(3);
        _bench.RunAll();
        Assert.Equal([0L, 1, 2, 10, 11, 12, 13, 14], _bench.Owner.Published.Select(frame => frame.Base.Value));
    }

    [Fact]
    public void Full_blocks_wait_for_room_too()
    {
        for (var offset = 0; offset < 40; offset++) _bench.Append(offset, length: 400_000);
        _bench.RunAll();
        Assert.Equal(Depth, _store.Blocks.Count);

        for (var landed = 0; landed < 50 && _bench.Owner.Published.Count < 40; landed++)
        {
            _store.Land(1);
            _bench.RunAll();
            Assert.InRange(_store.Blocks.Count - _store.DurableEnd.Value, 0, Depth);
        }

        Assert.Equal(Enumerable.Range(0, 40).Select(offset => (long)offset), _bench.Owner.Published.Select(frame => frame.Base.Value));
    }

    [Fact]
    public void B3_only_what_lies_below_the_durable_end_is_published()
    {
        Fill();

        _store.Land(2);
        _bench.RunAll();

        Assert.Equal([0L, 1], _bench.Owner.Published.Select(frame => frame.Base.Value));
        Assert.Equal(new Slot(2), _bench.Lane.PublishedEnd);
    }

    [Fact]
    public void B3_a_failed_store_publishes_what_landed_before_and_loses_the_rest_in_slot_order()
    {
        Fill();
        _bench.Append(10); // In the open block.
        _store.Land(1);
        _store.Failure = new LogException("the slot holds a fence");
        _bench.RunAll();

        Assert.Equal([0L], _bench.Owner.Published.Select(frame => frame.Base.Value));
        Assert.Equal([1L, 2, 10], _bench.Owner.Lost.Select(frame => (long)frame.State!));
        Assert.Contains("the slot holds a fence", _bench.Lane.End!.Reason, StringComparison.Ordinal);
        _store.GiveBack(2);
    }

    // The open block and those that wait for room never left; of those on their way only the store knows.
    [Theory]
    [InlineData(null, 2)]
    [InlineData(2, 1)]
    [InlineData(1, 0)]
    public void Frames_are_lost_for_certain_from_the_slot_on_that_the_store_never_sent(int? nowhereFrom, int inDoubt)
    {
        Fill();
        _bench.Append(10);
        _store.Land(1);
        _store.NowhereFrom = nowhereFrom is { } slot ? new Slot(slot) : null;
        _bench.Lane.Abort(new LaneEnd("The session was fenced.", null));
        _bench.RunAll();

        // Slot 0 landed, but the lane had ended before it was told.
        Assert.Equal([0L, 1, 2, 10], _bench.Owner.Lost.Select(frame => (long)frame.State!));
        Assert.Equal(inDoubt + 1, _bench.Owner.Lost.TakeWhile(frame => frame.MayBeStored).Count());
        Assert.DoesNotContain(_bench.Owner.Lost.Skip(inDoubt + 1), frame => frame.MayBeStored);
        _store.GiveBack(2);
    }

    // A late success of a lower slot changes nothing: whoever ended the lane may have found out its end already.
    [Fact]
    public void B3_what_lands_after_the_end_is_lost()
    {
        Fill();
        _bench.Lane.Abort(new LaneEnd("The session was fenced.", null));
        _store.Land(Depth);
        _bench.RunAll();

        Assert.Empty(_bench.Owner.Published);
        Assert.Equal([0L, 1, 2], _bench.Owner.Lost.Select(frame => (long)frame.State!));
        Assert.Equal(Slot.Zero, _bench.Lane.PublishedEnd);
    }

    [Fact]
    public void B1_blocks_on_their_way_keep_their_bytes_when_the_lane_has_ended()
    {
        Fill();
        var given = _store.Blocks.Select(BlockOf).ToList();
        _bench.Lane.Abort(new LaneEnd("The lane was closed.", null));
        _bench.RunAll();
        Assert.True(_bench.Lane.Ended.IsCompleted);

        // The bench finds any slab that came back, or a lease that did not, at its end.
        Assert.Equal(given, _store.Blocks.Select(BlockOf));
        Assert.Equal(Depth, _bench.Slabs.Leases.Total);
        _store.GiveBack(Depth);
        Assert.Equal(0, _bench.Slabs.Leases.Total);
    }

    [Fact]
    public void Each_block_names_the_checksum_of_the_one_before_and_what_was_durable_when_it_was_sealed()
    {
        Fill();
        _store.Land(2);
        _bench.Append(10);
        _bench.RunAll();

        var headers = _store.Blocks.Select(BlockOf).ToList();
        for (var i = 1; i < headers.Count; i++) Assert.Equal(headers[i - 1].Checksum, headers[i].PreviousChecksum);
        Assert.Equal([0L, 0, 0, 2], headers.Select(header => header.DurableEnd.Value));
        _store.Land(2);
        _bench.RunAll();
    }

    [Fact]
    public void T1_a_trim_stays_below_what_is_on_its_way()
    {
        Fill();
        _store.Land(1);
        _bench.RunAll();
        _bench.Lane.Index.ForgetBelow(_bench.Partition.Partition, new Offset(1));

        Assert.Equal(new Slot(1), _bench.Lane.TrimTarget(_bench.Lane.PublishedEnd));
        _store.Land(2);
        _bench.RunAll();
    }

    [Fact]
    public void A_frame_that_finds_no_room_does_not_wake_the_writer()
    {
        Fill();
        var wakes = _bench.Wakes;

        for (var offset = 10; offset < 20; offset++) _bench.Append(offset);

        Assert.Equal(wakes, _bench.Wakes);
        Assert.Equal(Timeout.InfiniteTimeSpan, _bench.Lane.Pause);
        _store.Land(Depth);
        _bench.RunAll();
        _store.Land(1);
        _bench.RunAll();
    }

    // On blobs an idle lane costs nothing.
    [Fact]
    public void No_empty_block_publishes_the_durable_end()
    {
        Fill();
        _store.Land(Depth);
        _bench.RunAll();
        _bench.Time.Advance(TimeSpan.FromSeconds(1));
        _bench.RunAll();

        Assert.Equal(Depth, _store.Blocks.Count);
        Assert.Equal(Timeout.InfiniteTimeSpan, _bench.Lane.Pause);
    }

    [Fact]
    public async Task A_stop_waits_for_what_is_on_its_way_and_for_what_waits_behind_it()
    {
        Fill();
        _bench.Append(10);
        var stop = _bench.Lane.StopAsync(TestContext.Current.CancellationToken);
        _bench.RunAll();
        Assert.False(stop.IsCompleted);

        _store.Land(Depth);
        _bench.RunAll();
        Assert.False(stop.IsCompleted);
        Assert.Equal(Depth + 1, _store.Blocks.Count);

        _store.Land(1);
        _bench.RunAll();
        await stop;
        Assert.Equal([0L, 1, 2, 10], _bench.Owner.Published.Select(frame => frame.Base.Value));
    }

    [Fact]
    public async Task A_drain_ends_when_the_last_frame_of_the_partition_has_landed()
    {
        Fill();
        _bench.Append(10);
        var drain = _bench.Lane.DrainAsync(_bench.Partition.Partition, TestContext.Current.CancellationToken);
        _bench.RunAll();
        _store.Land(Depth);
        _bench.RunAll();
        Assert.False(drain.IsCompleted);

        _store.Land(1);
        _bench.RunAll();
        await drain;
    }

    private void Fill()
    {
        for (var offset = 0; offset < Depth; offset++)
        {
            _bench.Append(offset);
            _bench.RunAll();
        }

        Assert.Equal(Depth, _store.Blocks.Count);
    }

    private static BlockHeader BlockOf(byte[] stored)
    {
        Assert.True(BlockCodec.TryReadHeader(stored, out var header, out _));
        return header;
    }

    private static List<List<Slot>> Slots(params int[][] writes) => [.. writes.Select(write => write.Select(slot => new Slot(slot)).ToList())];
}
