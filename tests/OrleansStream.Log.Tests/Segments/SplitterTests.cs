using System.Collections.Immutable;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Segments;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Serving;

namespace OrleansStream.Log.Tests.Segments;

public sealed class SplitterTests
{
    private static readonly SplitOptions Carry = new() { CarryBytes = 1 << 20 };

    [Fact]
    public async Task S2_S3_a_split_moves_what_is_below_the_slot_into_segments_and_lets_the_lane_trim()
    {
        using var bench = new SplitBench();
        var (a, b) = (bench.Open(0), bench.Open(1));
        bench.Append(a, 3);
        bench.Append(b, 3);
        bench.Append(a, 2);
        var before = (bench.ReadAll(a), bench.ReadAll(b));
        var writes = bench.Retention.Store.Writes;

        Assert.True(await bench.SplitAsync(new Slot(6)));

        Assert.Equal(writes + 2, bench.Retention.Store.Writes);
        Assert.Equal(before.Item1, bench.ReadAll(a));
        Assert.Equal(before.Item2, bench.ReadAll(b));
        Assert.All((await bench.Retention.ManifestOf(a.Id)).Extents, extent => Assert.IsType<SegmentExtent>(extent));
        Assert.True(bench.Lane.TrimPoint >= new Slot(6));
    }

    [Fact]
    public async Task What_is_appended_after_a_split_follows_it()
    {
        using var bench = new SplitBench();
        var handle = bench.Open();
        for (var round = 0; round < 4; round++)
        {
            bench.Append(handle, 3);
            Assert.True(await bench.SplitAsync(bench.Lane.PublishedEnd));
        }

        bench.Append(handle, 1);
        Assert.Equal(Enumerable.Range(0, 13).Select(i => 2L * i), bench.ReadAll(handle));
        Assert.Equal(4, (await bench.Retention.ManifestOf(handle.Id)).Extents.Length);
        Assert.Equal(handle.SizeBytes, handle.ExtentsFrom(Offset.Zero).Sum(extent => extent.Bytes));
    }

    [Fact]
    public async Task A_segment_has_at_most_its_bytes_and_all_of_a_partition_s_are_named_in_one_write()
    {
        using var bench = new SplitBench(maxSegmentBytes: 100_000);
        var handle = bench.Open();
        bench.Append(handle, 20, valueBytes: 15_000);
        var writes = bench.Retention.Store.Writes;

        Assert.True(await bench.SplitAsync(bench.Lane.PublishedEnd));

        Assert.Equal(writes + 1, bench.Retention.Store.Writes);
        var segments = (await bench.Retention.ManifestOf(handle.Id)).Extents;
        Assert.True(segments.Length >= 6);
        Assert.All(segments, segment => Assert.InRange(segment.Bytes, 1, 100_000));
        Assert.Equal(20, bench.ReadAll(handle).Length);
    }

    // As long as it worked; and a file that somebody waits for is emptied without a pause.
    [Theory, InlineData(true), InlineData(false)]
    public async Task It_pauses_after_each_step_while_nobody_waits_for_the_space(bool mayRest)
    {
        using var bench = new SplitBench { MayRest = mayRest };
        var handle = bench.Open();
        bench.Append(handle, 20, valueBytes: 15_000);
        bench.Retention.Time.AutoAdvanceAmount = TimeSpan.FromMilliseconds(1); // Each look at the clock finds that time has passed.

        var split = bench.Splitter.SplitAsync(new WalPart(bench.Lane.Session, bench.Lane.PublishedEnd, 1), CancellationToken.None).AsTask();
        Assert.NotEqual(mayRest, split.IsCompleted);
        for (var pauses = 0; !split.IsCompleted; pauses++)
        {
            Assert.True(pauses < 1000, "The split does not end.");
            bench.Retention.Time.Advance(TimeSpan.FromMilliseconds(10));
        }

        Assert.True(await split);
        Assert.Equal(20, bench.ReadAll(handle).Length);
    }

    [Fact]
    public async Task A_partition_above_the_budget_is_cut_by_itself()
    {
        using var bench = new SplitBench(new SplitOptions { CarryBytes = 0, BudgetBytes = 100_000 });
        var (large, small) = (bench.Open(0), bench.Open(1));
        bench.Append(large, 20, valueBytes: 15_000);
        bench.Append(small, 20, valueBytes: 1000);

        Assert.True(await bench.SplitAsync(bench.Lane.PublishedEnd));

        Assert.Equal(20, bench.ReadAll(large).Length);
        Assert.Equal(20, bench.ReadAll(small).Length);
        Assert.Equal(bench.Lane.PublishedEnd, bench.Lane.TrimPoint);
    }

    [Theory, InlineData(64), InlineData(256)]
    public async Task No_more_than_CarryAtOnceBytes_are_appended_again_before_the_lane_has_them(int atOnceKiB)
    {
        using var bench = new SplitBench(new SplitOptions { CarryBytes = 1 << 20, CarryAtOnceBytes = atOnceKiB << 10 });
        for (var partition = 0; partition < 40; partition++) bench.Append(bench.Open(partition), 1, valueBytes: 10_000);
        var (lane, store) = (bench.Retention.Broker.Lane, bench.Retention.Broker.Lane.Store);
        var (before, largest) = (store.FrameBytes, 0L);

        var split = bench.Splitter.SplitAsync(new WalPart(bench.Lane.Session, bench.Lane.PublishedEnd, 1), TestContext.Current.CancellationToken).AsTask();
        while (!split.IsCompleted)
        {
            // What is written here was all under way at once: nobody hears of it before it is dispatched.
            var written = store.FrameBytes;
            lane.Write();
            largest = Math.Max(largest, store.FrameBytes - written);
            lane.Dispatch();
            await Task.Yield();
        }

        Assert.True(await split);
        Assert.InRange(store.FrameBytes - before, 40 * 20_000, long.MaxValue);
        Assert.InRange(largest, 1, atOnceKiB << 10);
    }

    // Splitting needs no handle: the manifest and the lane index say it all.
    [Fact]
    public async Task A_partition_that_is_closed_is_cut_too()
    {
        using var bench = new SplitBench(Carry);
        var handle = bench.Open();
        bench.Append(handle, 3);
        bench.Lane.CloseEpoch(handle.Id, handle.Epoch);
        handle.Close(ErrorCode.NotLeaderOrFollower);

        Assert.True(await bench.SplitAsync(bench.Lane.PublishedEnd));

        Assert.Single((await bench.Retention.ManifestOf(handle.Id)).Extents);
        Assert.Equal(bench.Lane.PublishedEnd, bench.Lane.TrimPoint);
    }

    [Fact]
    public async Task S4_small_partitions_are_appended_again_and_no_manifest_is_written()
    {
        using var bench = new SplitBench(Carry);
        var handles = Enumerable.Range(0, 5).Select(bench.Open).ToList();
        for (var round = 0; round < 3; round++) handles.ForEach(handle => bench.Append(handle, 1));
        var writes = bench.Retention.Store.Writes;
        var end = bench.Lane.PublishedEnd;

        Assert.True(await bench.SplitAsync(end));

        Assert.Equal(writes, bench.Retention.Store.Writes);
        Assert.Empty(bench.Retention.Objects.Names);
        Assert.True(bench.Lane.TrimPoint >= end);
        Assert.All(handles, handle => Assert.Equal([0L, 2, 4], bench.ReadAll(handle)));
        Assert.All(handles, handle => Assert.Equal(new Offset(6), handle.HighWatermark));
    }

    [Fact]
    public async Task S4_after_two_times_a_frame_is_cut_into_a_segment()
    {
        using var bench = new SplitBench(Carry);
        var handle = bench.Open();
        bench.Append(handle, 3);
        for (var round = 0; round < 2; round++)
        {
            Assert.True(await bench.SplitAsync(bench.Lane.PublishedEnd));
            Assert.Empty(bench.Retention.Objects.Names);
        }

        Assert.True(await bench.SplitAsync(bench.Lane.PublishedEnd));

        Assert.Single(bench.Retention.Objects.Names);
        Assert.Equal([0L, 2, 4], bench.ReadAll(handle));
        Assert.Equal(bench.Lane.PublishedEnd, bench.Lane.TrimPoint);
    }

    // The mutant "carry replaces the slot before publication": until the new block is durable the old one must not be trimmed.
    [Fact]
    public async Task S4_the_old_slot_stays_until_the_new_block_is_published()
    {
        using var bench = new SplitBench(Carry);
        var handle = bench.Open();
        bench.Append(handle, 3);
        var split = bench.Splitter.SplitAsync(new WalPart(bench.Lane.Session, bench.Lane.PublishedEnd, 1), CancellationToken.None).AsTask();
        bench.Retention.Broker.Lane.Write();
        await bench.Lane.TrimAsync(CancellationToken.None);
        Assert.Equal(Slot.Zero, bench.Lane.TrimPoint);
        Assert.False(split.IsCompleted);

        bench.Retention.Broker.Lane.Dispatch();
        Assert.True(await split);
        await bench.Lane.TrimAsync(CancellationToken.None);
        Assert.Equal(new Slot(3), bench.Lane.TrimPoint);
    }

    // Planned, then deleted, drained and forgotten: a copy that came into the lane after that would keep its slot for ever.
    [Fact]
    public async Task T1_a_partition_that_is_deleted_while_it_is_carried_leaves_nothing_in_the_lane()
    {
        using var bench = new SplitBench(Carry);
        var handle = bench.Open();
        bench.Append(handle, 3);
        var isDeleted = false;
        bench.Retention.Broker.Extents.Fault = _ =>
        {
            if (!isDeleted) bench.Retention.Deletion.DeleteAsync(handle.Id, CancellationToken.None).AsTask().Wait();
            isDeleted = true;
            return null;
        };

        Assert.True(await bench.SplitAsync(bench.Lane.PublishedEnd));

        Assert.True(isDeleted);
        Assert.Equal(new Slot(3), bench.Lane.PublishedEnd);
        Assert.Equal(bench.Lane.PublishedEnd, bench.Lane.TrimPoint);
        Assert.Equal(0, bench.Lane.Index.Partitions);
    }

    [Fact]
    public async Task T1_what_the_lane_still_holds_of_a_deleted_partition_goes_with_the_next_split()
    {
        using var bench = new SplitBench(Carry);
        var handle = bench.Open();
        bench.Append(handle, 3);
        bench.Retention.Store.Put((await bench.Retention.ManifestOf(handle.Id)) with { Deleted = true });

        Assert.True(await bench.SplitAsync(bench.Lane.PublishedEnd));

        Assert.Equal(bench.Lane.PublishedEnd, bench.Lane.TrimPoint);
    }

    [Fact]
    public async Task S4_a_lane_that_is_full_makes_the_splitter_cut_instead()
    {
        using var bench = new SplitBench(Carry);
        var handle = bench.Open();
        bench.Append(handle, 3);
        bench.Retention.Broker.Lane.Store.Space = EnqueueStatus.Full;
        var end = bench.Lane.PublishedEnd;
        var split = bench.Splitter.SplitAsync(new WalPart(bench.Lane.Session, end, 1), CancellationToken.None).AsTask();
        for (var turns = 0; turns < 1000 && !split.IsCompleted; turns++)
        {
            bench.Retention.Broker.Lane.Publish();
            bench.Retention.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        Assert.True(await split);
        Assert.Single(bench.Retention.Objects.Names);
        Assert.Equal([0L, 2, 4], bench.ReadAll(handle));
    }

    [Fact]
    public async Task S2_inherited_extents_come_first_and_exactly_those_covered_are_dropped()
    {
        using var bench = new SplitBench();
        var handle = bench.Open();
        bench.Append(handle, 4);
        var old = new List<WalExtent>();
        bench.Lane.Index.CopyTo(handle.Id, Offset.Zero, old);
        var session = bench.Lane.Session;
        handle.Close(ErrorCode.NotLeaderOrFollower);
        bench.Retention.Broker.Lane.Abort();
        bench.Retention.Broker.Restart();
        var inherited = (await bench.Retention.ManifestOf(handle.Id)) with { Owner = bench.Lane.Session, Epoch = new LeaderEpoch(1), Extents = [.. old] };
        bench.Retention.Store.Put(inherited);
        var next = bench.Retention.Broker.Open(inherited);
        bench.Append(next, 2);

        Assert.True(await bench.Splitter.SplitAsync(new WalPart(session, new Slot(long.MaxValue), 1), CancellationToken.None));

        var extents = (await bench.Retention.ManifestOf(handle.Id)).Extents;
        Assert.Equal((Offset.Zero, new Offset(7)), (Assert.IsType<SegmentExtent>(Assert.Single(extents)).BaseOffset, extents[0].LastOffset));
        Assert.Equal([0L, 2, 4, 6, 8, 10], bench.ReadAll(next));
        Assert.Equal(Slot.Zero, bench.Lane.TrimPoint);
    }

    // Why parts of the WAL are emptied in their order (docs/adr/0009-order-of-wal-parts.md): another one would give nothing back earlier.
    [Fact]
    public async Task S2_a_later_part_cannot_be_emptied_without_those_before_it()
    {
        using var bench = new SplitBench();
        var (early, both) = (bench.Open(0), bench.Open(1));
        bench.Append(early, 3);
        bench.Append(both, 3);
        var found = new List<WalExtent>();
        bench.Lane.Index.CopyTo(both.Id, Offset.Zero, found);
        bench.Append(both, 2);

        Assert.True(await bench.SplitAsync(bench.Lane.PublishedEnd));
        Assert.All([early, both], handle => Assert.IsType<SegmentExtent>(Assert.Single(bench.Retention.ManifestOf(handle.Id).Result.Extents)));

        var older = found[0] with { Session = new SessionId(new BrokerId(1), Guid.NewGuid()) };
        var later = older with { Session = new SessionId(new BrokerId(1), Guid.NewGuid()), BaseOffset = older.LastOffset + 1, LastOffset = new Offset(older.LastOffset.Value * 2 + 1) };
        var manifest = (await bench.Retention.ManifestOf(both.Id)) with { Extents = [older, later] };
        bench.Retention.Store.Put(manifest);
        Assert.Equal([older.Session, later.Session], (await bench.PlanAsync(both.Id, later.LastOffset)).Select(static source => source.Session));
    }

    [Fact]
    public async Task R5_what_an_ended_session_still_owns_is_claimed_first()
    {
        using var bench = new SplitBench();
        var handle = bench.Open();
        bench.Append(handle, 4);
        var old = new List<WalExtent>();
        bench.Lane.Index.CopyTo(handle.Id, Offset.Zero, old);
        var session = bench.Lane.Session;
        bench.Retention.Store.Put((await bench.Retention.ManifestOf(handle.Id)) with { Extents = [.. old] });
        bench.Retention.Broker.Lane.Abort();
        bench.Retention.Broker.Restart();

        Assert.True(await bench.Splitter.SplitAsync(new WalPart(session, new Slot(long.MaxValue), 1), CancellationToken.None));

        var manifest = await bench.Retention.ManifestOf(handle.Id);
        Assert.Equal(bench.Lane.Session, manifest.Owner);
        Assert.IsType<SegmentExtent>(Assert.Single(manifest.Extents));
    }

    [Fact]
    public async Task A_partition_that_cannot_be_read_is_reported_and_keeps_nobody_else()
    {
        using var bench = new SplitBench();
        var (bad, good) = (bench.Open(0), bench.Open(1));
        bench.Append(bad, 3);
        bench.Append(good, 3);
        var slots = new List<WalExtent>();
        bench.Lane.Index.CopyTo(bad.Id, Offset.Zero, slots);
        bench.Retention.Broker.Extents.Fault = extent => extent == slots[0] ? new CorruptBlockException("wal/x", 5, "damaged") : null;

        Assert.False(await bench.SplitAsync(bench.Lane.PublishedEnd));

        Assert.Contains(bench.Failures, failure => failure.Partition == bad.Id);
        Assert.Empty((await bench.Retention.ManifestOf(bad.Id)).Extents);
        Assert.Single((await bench.Retention.ManifestOf(good.Id)).Extents);
        Assert.Equal(Slot.Zero, bench.Lane.TrimPoint);
    }

    // The mutant "conflict taken for success": the task ends when the epoch changes, and its object is left to the sweep.
    [Fact]
    public async Task M3_a_claim_meanwhile_ends_the_task_and_nothing_is_forgotten()
    {
        using var bench = new SplitBench();
        var handle = bench.Open();
        bench.Append(handle, 3);
        bench.Retention.Store.BeforeWrite = write =>
        {
            bench.Retention.Store.BeforeWrite = null;
            bench.Retention.Store.Put(bench.Retention.ManifestOf(handle.Id).Result with { Epoch = new LeaderEpoch(1) });
        };

        await bench.SplitAsync(bench.Lane.PublishedEnd);

        Assert.Empty((await bench.Retention.ManifestOf(handle.Id)).Extents);
        Assert.Single(bench.Retention.Objects.Names);
        Assert.Equal(Slot.Zero, bench.Lane.TrimPoint);
        Assert.False(handle.IsOwner);
    }

    [Fact]
    public async Task Records_that_expire_while_their_segment_is_cut_are_not_named()
    {
        using var bench = new SplitBench();
        var handle = bench.Open();
        bench.Append(handle, 3);
        bench.Retention.Store.BeforeWrite = write =>
        {
            bench.Retention.Store.BeforeWrite = null;
            bench.Retention.Store.Put(bench.Retention.ManifestOf(handle.Id).Result with { LogStart = new Offset(6) });
        };

        await bench.SplitAsync(bench.Lane.PublishedEnd);

        Assert.Empty((await bench.Retention.ManifestOf(handle.Id)).Extents);
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(5)]
    public async Task A_log_start_inside_the_data_is_kept_by_a_split(long logStart)
    {
        using var bench = new SplitBench();
        var handle = bench.Open();
        bench.Append(handle, 3);
        Assert.Equal(ErrorCode.None, await bench.Retention.Mover.MoveAsync(handle, new Offset(logStart), CancellationToken.None));

        Assert.True(await bench.SplitAsync(bench.Lane.PublishedEnd));

        var segment = Assert.Single((await bench.Retention.ManifestOf(handle.Id)).Extents);
        Assert.Equal(new Offset(logStart / 2 * 2), segment.BaseOffset);
        Assert.Equal(bench.ReadAll(handle)[0], logStart / 2 * 2);
    }

    [Fact]
    public void S2_segments_take_the_place_of_what_they_cover_and_of_nothing_else()
    {
        var manifest = new Manifest
        {
            Partition = MemoryBroker.AnyPartition,
            Epoch = default,
            Owner = default,
            Nonce = default,
            Extents = [Segment(0, 9), Wal(10, 19), Wal(20, 29), Wal(30, 39)],
        };

        Assert.Equal([Segment(0, 9), Segment(10, 29), Wal(30, 39)], Splitter.WithSegments(manifest, [Segment(10, 29)])!.Extents);
        Assert.Equal([Segment(0, 9), Segment(10, 14), Segment(15, 39)], Splitter.WithSegments(manifest, [Segment(10, 14), Segment(15, 39)])!.Extents);
        Assert.Null(Splitter.WithSegments(manifest, [Segment(10, 25)]));
        Assert.Null(Splitter.WithSegments(manifest, [Segment(5, 29)]));
        Assert.Null(Splitter.WithSegments(manifest, [Segment(0, 9)]));
        Assert.Null(Splitter.WithSegments(manifest, [Segment(50, 59)]));
        Assert.Null(Splitter.WithSegments(manifest with { PendingDelete = ["s10"] }, [Segment(10, 29)]));
        Assert.Equal([Segment(20, 29), Wal(30, 39)], Splitter.WithSegments(manifest with { LogStart = new Offset(20), Extents = [Wal(20, 29), Wal(30, 39)] }, [Segment(10, 19), Segment(20, 29)])!.Extents);
    }

    private static SegmentExtent Segment(long first, long last) => new($"s{first}", default, new Offset(first), new Offset(last), 1, 1);

    private static WalExtent Wal(long first, long last) => new(default, Slot.Zero, Slot.Zero, new Offset(first), new Offset(last), 1, 1);
}
