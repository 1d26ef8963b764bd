using OrleansStream.Log.Blocks;
using OrleansStream.Log.Economy;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Lanes;

namespace OrleansStream.Log.Tests.Lanes;

/// <summary>The numbered rules of the storage protocol, as far as a lane keeps them by itself.</summary>
public sealed class LaneRuleTests
{
    private static readonly CancellationToken None = TestContext.Current.CancellationToken;

    [Fact]
    public void B1_each_block_names_the_checksum_of_the_one_before_and_has_its_own_nonce()
    {
        using var bench = new LaneBench();
        var headers = new List<BlockHeader>();
        for (var i = 0; i < 5; i++)
        {
            bench.Append(i);
            bench.RunAll();
            BlockCodec.TryReadHeader(bench.Store.Blocks[i].Bytes, out var header, out _);
            headers.Add(header);
        }

        Assert.Equal(0u, headers[0].PreviousChecksum);
        for (var i = 1; i < 5; i++) Assert.Equal(headers[i - 1].Checksum, headers[i].PreviousChecksum);
        Assert.Equal(5, headers.Select(header => header.WriteNonce).Distinct().Count());
        Assert.Equal([0L, 1, 2, 3, 4], headers.Select(header => header.Slot.Value));
    }

    [Theory, InlineData(4, false), InlineData(5, false), InlineData(6, true)]
    public void B2_a_frame_is_accepted_only_above_the_closed_epoch(int epoch, bool accepted)
    {
        using var bench = new LaneBench();
        bench.Lane.CloseEpoch(bench.Partition.Partition, new LeaderEpoch(5));
        Assert.Equal(accepted ? EnqueueStatus.Accepted : EnqueueStatus.EpochClosed, bench.Append(0, epoch: epoch));
    }

    [Fact]
    public void B2_the_closed_epoch_starts_at_minus_one_and_never_goes_back()
    {
        using var bench = new LaneBench();
        Assert.Equal(new LeaderEpoch(-1), bench.Partition.ClosedEpoch);
        Assert.Equal(EnqueueStatus.Accepted, bench.Append(0, epoch: 0));
        bench.Lane.CloseEpoch(bench.Partition.Partition, new LeaderEpoch(7));
        bench.Lane.CloseEpoch(bench.Partition.Partition, new LeaderEpoch(3));
        Assert.Equal(new LeaderEpoch(7), bench.Partition.ClosedEpoch);
    }

    [Fact]
    public void B2_what_was_closed_in_one_session_stays_closed_in_the_next()
    {
        var epochs = new ClosedEpochs();
        using var first = new LaneBench(epochs: epochs);
        first.Lane.CloseEpoch(first.Partition.Partition, new LeaderEpoch(2));
        using var second = new LaneBench(epochs: epochs);
        Assert.Equal(EnqueueStatus.EpochClosed, second.Append(0, epoch: 2));
        Assert.Equal(EnqueueStatus.Accepted, second.Append(0, epoch: 3));
    }

    [Fact]
    public void B2_a_frame_of_another_session_is_refused()
    {
        var epochs = new ClosedEpochs();
        using var first = new LaneBench(epochs: epochs);
        using var second = new LaneBench(epochs: epochs);
        Assert.Equal(EnqueueStatus.EpochClosed, second.Append(0, partition: first.Partition));
    }

    // Whoever closes an epoch relies on this: nothing that was refused a place can show up behind what it then counts.
    [Fact]
    public async Task B2_no_frame_gets_a_place_after_its_epoch_was_closed_whoever_races()
    {
        for (var round = 0; round < 50; round++)
        {
            using var bench = new LaneBench();
            var partition = bench.Partition;
            var gate = new Lock();
            var next = 0L;
            var isClosed = false;
            var started = new Barrier(5);
            var appenders = Enumerable.Range(0, 4).Select(_ => Task.Factory.StartNew(() =>
            {
                started.SignalAndWait(None);
                while (true)
                {
                    lock (gate)
                    {
                        // Read before the call: whatever begins after CloseEpoch has returned is refused.
                        var wasClosed = Volatile.Read(ref isClosed);
                        var status = bench.Append(next, length: 10);
                        if (wasClosed) Assert.Equal(EnqueueStatus.EpochClosed, status);
                        if (status == EnqueueStatus.EpochClosed) return;
                        if (status == EnqueueStatus.Accepted) Volatile.Write(ref next, next + 1);
                    }
                }
            }, None, TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToArray();
            started.SignalAndWait(None);
            SpinWait.SpinUntil(() => Volatile.Read(ref next) > round);
            bench.Lane.CloseEpoch(partition.Partition, new LeaderEpoch(0));
            Volatile.Write(ref isClosed, true);
            var atClose = partition.ClosedEpoch;
            await Task.WhenAll(appenders);
            bench.RunAll();
            Assert.Equal(new LeaderEpoch(0), atClose);
            Assert.Equal(Enumerable.Range(0, bench.Owner.Published.Count).Select(i => (long)i), bench.Owner.Published.Select(p => p.Base.Value));
            Assert.Equal(EnqueueStatus.EpochClosed, bench.Append(next));
        }
    }

    [Fact]
    public void B3_nothing_is_published_before_the_write_has_returned()
    {
        using var bench = new LaneBench();
        bench.Store.OnWrite = () => Assert.Equal(0, bench.Dispatcher.Waiting);
        bench.Append(0);
        Assert.Equal(0, bench.Dispatcher.Waiting);
        Assert.True(bench.Lane.WriteSealed());
        Assert.Empty(bench.Owner.Published);
        bench.Dispatcher.RunAll();
        Assert.Single(bench.Owner.Published);
    }

    [Fact]
    public void B3_frames_are_published_in_lane_order_and_the_block_before_its_frames()
    {
        using var bench = new LaneBench();
        bench.Owner.AfterPublished = (block, index) => bench.Events.Add($"frame {block.Frames[index].BaseOffset}");
        for (var i = 0; i < 3; i++)
        {
            bench.Append(i * 2);
            bench.Append((i * 2) + 1);
            bench.Lane.WriteSealed();
        }

        bench.Dispatcher.RunAll();
        Assert.Equal(["block 0", "frame 0", "frame 1", "block 1", "frame 2", "frame 3", "block 2", "frame 4", "frame 5"], bench.Events);
    }

    [Fact]
    public async Task B3_a_failed_write_ends_the_lane_and_loses_everything_after_what_was_durable()
    {
        using var bench = new LaneBench();
        bench.Append(0);
        bench.Lane.WriteSealed();
        bench.Append(1);
        bench.Store.OnWrite = () => bench.Append(2); // Goes to the next block while this one is written.
        bench.Store.Failure = new DiskException("wal", "Data sync", 5, "Input/output error");
        bench.Lane.WriteSealed();
        Assert.Equal(EnqueueStatus.Ended, bench.Append(3));
        bench.RunAll();

        var end = await bench.Lane.Ended;
        Assert.Same(bench.Store.Failure, end.Cause);
        Assert.Same(end, bench.Lane.End);
        Assert.Equal([0L], bench.Owner.Published.Select(p => p.Base.Value));

        // The first of them was being written and may stand, the second never reached the store.
        Assert.Equal([(1L, true), (2L, false)], bench.Owner.Lost.Select(l => ((long)l.State!, l.MayBeStored)));
        Assert.Equal(new Slot(1), bench.Lane.PublishedEnd);
        Assert.True(bench.Lane.IsWriterDone);
        Assert.Equal(0, bench.Slabs.Leases.Total);
    }

    [Fact]
    public void B3_a_write_that_succeeds_after_the_end_changes_nothing()
    {
        using var bench = new LaneBench();
        bench.Append(0);
        bench.Store.OnWrite = () => bench.Lane.Abort(new LaneEnd("fenced", null));
        bench.Lane.WriteSealed();
        bench.RunAll();
        Assert.Empty(bench.Owner.Published);
        Assert.Equal([("fenced", true, (object?)0L)], bench.Owner.Lost);
    }

    [Fact]
    public void B3_without_space_a_frame_is_refused_and_nothing_happened()
    {
        using var bench = new LaneBench();
        bench.Store.Space = EnqueueStatus.NoSpace;
        Assert.Equal(EnqueueStatus.NoSpace, bench.Append(0));
        bench.RunAll();
        Assert.Empty(bench.Store.Blocks);
        bench.Store.Space = EnqueueStatus.Accepted;
        Assert.Equal(EnqueueStatus.Accepted, bench.Append(0));
        bench.RunAll();
        Assert.Equal(Slot.Zero, Assert.Single(bench.Store.Blocks).Slot);
    }

    [Fact]
    public void B3_an_owner_that_throws_keeps_nobody_else_from_being_told()
    {
        using var bench = new LaneBench();
        bench.Owner.AfterPublished = (_, index) => throw new InvalidOperationException($"owner {index}");
        bench.Append(0);
        bench.Append(1);
        bench.RunAll();
        Assert.Equal(2, bench.Owner.Published.Count);
        Assert.Equal(["block 0", "owner 0", "owner 1"], bench.Events);
    }

    [Fact]
    public void F3_each_header_says_what_was_durable_when_it_was_sealed()
    {
        using var bench = new LaneBench();
        bench.Append(0);
        bench.RunAll();
        bench.Append(1);
        bench.RunAll();
        Assert.Equal([0L, 1L], DurableEnds(bench));
    }

    [Theory, InlineData(49, 1), InlineData(50, 2)]
    public void F3_an_empty_block_publishes_the_durable_end_after_50_ms_without_a_block(int milliseconds, int blocks)
    {
        using var bench = new LaneBench();
        bench.Append(0);
        bench.RunAll();
        Assert.Equal(TimeSpan.FromMilliseconds(50), bench.Lane.Pause);
        bench.Time.Advance(TimeSpan.FromMilliseconds(milliseconds));
        bench.RunAll();
        Assert.Equal(blocks, bench.Store.Blocks.Count);
    }

    [Fact]
    public void F3_an_idle_lane_writes_no_second_empty_block()
    {
        using var bench = new LaneBench();
        bench.Append(0);
        for (var i = 0; i < 5; i++)
        {
            bench.RunAll();
            bench.Time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal([0L, 1L], DurableEnds(bench));
        Assert.Equal(Timeout.InfiniteTimeSpan, bench.Lane.Pause);
    }

    [Fact]
    public void F3_a_lane_that_has_no_room_for_the_empty_block_asks_again_after_another_50_ms_and_not_at_once()
    {
        using var bench = new LaneBench();
        bench.Append(0);
        bench.RunAll();
        bench.Store.Space = EnqueueStatus.NoSpace;
        bench.Time.Advance(TimeSpan.FromMilliseconds(50));
        bench.RunAll();
        Assert.Equal(TimeSpan.FromMilliseconds(50), bench.Lane.Pause);

        bench.Store.Space = EnqueueStatus.Accepted;
        bench.Time.Advance(TimeSpan.FromMilliseconds(50));
        bench.RunAll();
        Assert.Equal([0L, 1L], DurableEnds(bench));
    }

    [Fact]
    public void F3_a_block_that_waits_for_company_says_what_is_durable_in_the_place_of_an_empty_one()
    {
        using var bench = new LaneBench(setup => setup with { Linger = new LaneLinger { Economy = TimeSpan.FromHours(1) } });
        bench.Append(0);
        bench.RunAll();
        bench.Append(1, latencyClass: LatencyClass.Economy);
        bench.RunAll();
        bench.Time.Advance(TimeSpan.FromMilliseconds(50));
        bench.RunAll();
        Assert.Equal([0L, 1L], DurableEnds(bench));
        Assert.Equal([0L, 1L], bench.Owner.Published.Select(p => p.Base.Value));
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task F3_a_clean_stop_writes_everything_and_publishes_the_durable_end(bool syncsAlways)
    {
        using var bench = new LaneBench();
        bench.Store.SyncsAlways = syncsAlways;
        bench.Append(0);
        var stop = bench.Lane.StopAsync(None);
        Assert.Equal(EnqueueStatus.Ended, bench.Append(1));
        bench.RunAll();
        await stop;
        Assert.Equal([0L, 1L], DurableEnds(bench));
        Assert.Equal([0L], bench.Owner.Published.Select(p => p.Base.Value));
        Assert.Null(bench.Lane.End!.Cause);
        Assert.Equal(0, bench.Slabs.Leases.Total);
    }

    [Fact]
    public async Task T1_and_T2_a_trim_records_the_lowest_needed_slot_first_and_forgets_files_after_the_grace()
    {
        using var bench = new LaneBench();
        await bench.Sessions.CompareAndSetAsync(new SessionRecord(bench.Lane.Session, SessionState.Open, Slot.Zero, null), null, None);
        for (var i = 0; i < 4; i++)
        {
            bench.Store.RegionNumber = i;
            bench.Append(i);
            bench.RunAll();
        }

        bench.Lane.Index.ForgetBelow(bench.Partition.Partition, new Offset(3));
        await bench.Lane.TrimAsync(None);
        Assert.Equal(new Slot(3), (await bench.Sessions.GetAsync(bench.Lane.Session, None))!.Record.TrimPoint);
        Assert.Empty(bench.Store.Forgotten);
        bench.Time.Advance(TimeSpan.FromMinutes(10));
        await bench.Lane.TrimAsync(None);
        Assert.Equal([new Slot(3)], bench.Store.Forgotten);
    }

    [Fact]
    public async Task T1_slots_that_are_not_published_are_never_trimmed()
    {
        using var bench = new LaneBench();
        await bench.Sessions.CompareAndSetAsync(new SessionRecord(bench.Lane.Session, SessionState.Open, Slot.Zero, null), null, None);
        bench.Append(0);
        bench.RunAll();
        bench.Lane.Index.ForgetBelow(bench.Partition.Partition, new Offset(1));
        bench.Append(1);
        bench.Lane.WriteSealed(); // Durable, not yet published.
        await bench.Lane.TrimAsync(None);
        Assert.Equal(new Slot(1), bench.Lane.TrimPoint);
    }

    [Fact]
    public async Task X1_a_trim_that_loses_to_a_fence_ends_its_own_lane()
    {
        using var bench = new LaneBench();
        await bench.Sessions.CompareAndSetAsync(new SessionRecord(bench.Lane.Session, SessionState.Fencing, Slot.Zero, null), null, None);
        bench.Append(0);
        bench.RunAll();
        bench.Lane.Index.ForgetBelow(bench.Partition.Partition, new Offset(1));
        await bench.Lane.TrimAsync(None);
        bench.RunAll();
        Assert.NotNull(bench.Lane.End);
        Assert.Equal(Slot.Zero, bench.Lane.TrimPoint);
    }

    [Fact]
    public void O6_a_handle_is_published_only_above_the_closed_epoch()
    {
        var epochs = new ClosedEpochs();
        var published = 0;
        epochs.Close(LaneCalls.Partition(0), new LeaderEpoch(4));
        Assert.False(epochs.TryPublish(LaneCalls.Partition(0), new LeaderEpoch(4), () => published++));
        Assert.True(epochs.TryPublish(LaneCalls.Partition(0), new LeaderEpoch(5), () => published++));
        Assert.Equal(1, published);
    }

    private static IEnumerable<long> DurableEnds(LaneBench bench) => bench.Store.Blocks.Select(block =>
    {
        Assert.True(BlockCodec.TryReadHeader(block.Bytes, out var header, out var problem), problem);
        return header.DurableEnd.Value;
    });
}
