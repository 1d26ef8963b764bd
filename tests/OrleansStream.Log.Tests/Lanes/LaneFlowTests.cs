using OrleansStream.Log.Blocks;
using OrleansStream.Log.Economy;
using OrleansStream.Log.Lanes;
using OrleansStream.Model;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Lanes;

namespace OrleansStream.Log.Tests.Lanes;

/// <summary>How frames become blocks: sealing, waiting, bounds, memory.</summary>
public sealed class LaneFlowTests
{
    private static readonly CancellationToken None = TestContext.Current.CancellationToken;

    [Fact]
    public void An_idle_lane_writes_a_frame_at_once_and_frames_that_come_meanwhile_share_the_next_block()
    {
        using var bench = new LaneBench();
        bench.Append(0, length: 500);
        bench.Store.OnWrite = () =>
        {
            bench.Store.OnWrite = null;
            for (var i = 1; i < 5; i++) bench.Append(i, length: 500);
        };
        bench.RunAll();
        Assert.Equal([1, 1], bench.Store.Writes);
        Assert.Equal([1, 4], Frames(bench));
    }

    [Fact]
    public async Task An_observer_that_throws_keeps_nobody_from_being_answered_then_or_later()
    {
        using var bench = new LaneBench();
        bench.ObserverFailure = new InvalidOperationException("broken");
        bench.Owner.AfterPublished = static (_, _) => throw new InvalidOperationException("also broken");
        bench.Append(0);
        bench.RunAll();
        bench.ObserverFailure = null;
        bench.Owner.AfterPublished = null;
        bench.Append(1);
        bench.RunAll();

        Assert.Equal([0L, 1], bench.Owner.Published.Select(static published => published.Base.Value));
        Assert.Equal(new Slot(2), bench.Lane.PublishedEnd);
        var stopping = bench.Lane.StopAsync(None);
        bench.RunAll();
        await stopping;
        Assert.Equal(0, bench.Slabs.Leases.Total);
    }

    [Fact]
    public void The_writer_is_woken_once_for_a_burst_and_only_when_it_waits()
    {
        using var bench = new LaneBench();
        Assert.False(bench.Lane.WriteSealed());
        for (var i = 0; i < 10; i++) bench.Append(i);
        Assert.Equal(1, bench.Wakes);
        bench.RunAll();
        Assert.Equal(10, bench.Owner.Published.Count);
    }

    [Fact]
    public void A_block_is_not_written_before_its_last_place_is_filled()
    {
        using var bench = new LaneBench();
        bench.Lane.TryEnqueue(LaneCalls.Request(bench.Partition, bench.Owner, 0), out var first);
        bench.Append(1);
        bench.RunAll();
        Assert.Empty(bench.Store.Blocks);
        Assert.Equal(Timeout.InfiniteTimeSpan, bench.Lane.Pause);
        var wakes = bench.Wakes;
        bench.Append(2); // For the next block; the writer waits for the place alone.
        Assert.Equal(wakes, bench.Wakes);
        LaneCalls.Fill(first, 0);
        Assert.Equal(wakes + 1, bench.Wakes);
        bench.RunAll();
        Assert.Equal([0L, 1L, 2L], bench.Owner.Published.Select(p => p.Base.Value));
    }

    [Fact]
    public void A_place_that_is_filled_after_its_frame_was_lost_still_gives_its_memory_back()
    {
        using var bench = new LaneBench();
        bench.Lane.TryEnqueue(LaneCalls.Request(bench.Partition, bench.Owner, 0), out var place);
        bench.Lane.Abort(new LaneEnd("over", null));
        bench.RunAll();
        Assert.Single(bench.Owner.Lost);
        Assert.Equal(1, bench.Slabs.Leases.Total);
        LaneCalls.Fill(place, 0);
        Assert.Equal(0, bench.Slabs.Leases.Total);
        Assert.Equal(0, bench.Lane.OpenBytes);
    }

    [Fact]
    public async Task At_the_bound_of_open_bytes_appends_are_refused_until_a_block_is_published()
    {
        using var bench = new LaneBench(setup => setup with { MaxOpenBytes = 16L * Limits.MiB });
        var count = 0;
        while (bench.Append(count, length: Limits.MiB) == EnqueueStatus.Accepted) count++;
        Assert.Equal(EnqueueStatus.Full, bench.Append(count, length: Limits.MiB));
        Assert.InRange(bench.Lane.OpenBytes, 8L * Limits.MiB, 16L * Limits.MiB);
        var room = bench.Lane.RoomAsync(None).AsTask();
        Assert.False(room.IsCompleted);
        bench.Lane.WriteSealed();
        Assert.False(room.IsCompleted);
        bench.Dispatcher.RunAll();
        await room;
        Assert.Equal(EnqueueStatus.Accepted, bench.Append(count, length: Limits.MiB));
    }

    [Fact]
    public async Task Whoever_waits_for_room_is_told_when_the_lane_ends()
    {
        using var bench = new LaneBench(setup => setup with { MaxOpenBytes = 16L * Limits.MiB });
        for (var i = 0; bench.Append(i, length: Limits.MiB) == EnqueueStatus.Accepted; i++)
        {
        }

        var room = bench.Lane.RoomAsync(None).AsTask();
        bench.Lane.Abort(new LaneEnd("over", null));
        bench.RunAll();
        await room;
        await bench.Lane.RoomAsync(None);
    }

    [Theory, InlineData(1), InlineData(4096), InlineData(BlockLayout.MaxFrameBytes)]
    public void A_frame_of_any_legal_length_gets_a_block(int length)
    {
        using var bench = new LaneBench();
        Assert.Equal(EnqueueStatus.Accepted, bench.Append(0, length));
        bench.RunAll();
        Assert.Null(BlockCodec.Verify(Assert.Single(bench.Store.Blocks).Bytes));
    }

    [Theory, InlineData(0), InlineData(-1), InlineData(BlockLayout.MaxFrameBytes + 1)]
    public void A_frame_of_another_length_is_a_mistake_of_the_caller(int length)
    {
        using var bench = new LaneBench();
        Assert.Throws<ArgumentOutOfRangeException>(() => bench.Lane.TryEnqueue(LaneCalls.Request(bench.Partition, bench.Owner, 0, length), out _));
    }

    [Fact]
    public void Small_flushes_take_small_slabs_and_a_busy_lane_grows_to_the_cap()
    {
        using var bench = new LaneBench();
        bench.Append(0);
        Assert.Equal(4096, bench.Lane.OpenBytes);
        bench.RunAll();
        for (var i = 1; i < 20_000; i++) Assert.Equal(EnqueueStatus.Accepted, bench.Append(i, length: 1000));
        var writes = bench.Store.Writes.Count;
        bench.RunAll();
        Assert.InRange(bench.Store.Blocks.Max(block => block.Bytes.Length), 3 * Limits.MiB, 4 * Limits.MiB);
        Assert.InRange(bench.Store.Writes.Count - writes, 2, 4); // 20 MiB, at most 8 MiB with each.
        for (var i = 20_000; i < 20_020; i++)
        {
            bench.Append(i);
            bench.RunAll();
        }

        bench.Append(20_020);
        Assert.Equal(4096, bench.Lane.OpenBytes);
    }

    [Fact]
    public async Task A_drain_completes_when_what_was_accepted_before_it_is_published()
    {
        using var bench = new LaneBench(setup => setup with { Linger = new LaneLinger { Economy = TimeSpan.FromHours(1) } });
        Assert.True(bench.Lane.DrainAsync(LaneCalls.Partition(9), None).IsCompleted);
        bench.Append(0);
        bench.RunAll();
        bench.Append(1, latencyClass: LatencyClass.Economy);
        Assert.False(bench.Lane.WriteSealed());
        var drain = bench.Lane.DrainAsync(bench.Partition.Partition, None);
        Assert.False(drain.IsCompleted);
        bench.Lane.WriteSealed(); // Despite the hour that the frame might wait.
        Assert.False(drain.IsCompleted);
        bench.Dispatcher.RunAll();
        await drain;
        Assert.True(bench.Lane.DrainAsync(bench.Partition.Partition, None).IsCompleted);
    }

    [Fact]
    public async Task A_drain_completes_when_the_lane_loses_what_was_accepted()
    {
        using var bench = new LaneBench();
        bench.Append(0);
        var drain = bench.Lane.DrainAsync(bench.Partition.Partition, None);
        bench.Lane.Abort(new LaneEnd("over", null));
        bench.RunAll();
        await drain;
        Assert.Single(bench.Owner.Lost);
    }

    [Fact]
    public void A_block_that_somebody_leases_outlives_the_lane_s_own_lease()
    {
        using var bench = new LaneBench();
        var lease = default(BlockLease);
        bench.Owner.AfterPublished = (block, _) => Assert.True(block.TryLease(LeaseHolder.TailCache, out lease));
        bench.Append(7);
        bench.RunAll();
        Assert.Equal(0, bench.Slabs.Leases.Count(LeaseHolder.Lane));
        Assert.Null(BlockCodec.Verify(lease.Memory.Span));
        Assert.Equal(7, lease.Block.Frames[0].BaseOffset.Value);
        lease.Dispose();
        Assert.Equal(0, bench.Slabs.BytesOut);
    }

    [Fact]
    public void Appending_and_publishing_allocate_nothing_for_a_frame()
    {
        using var bench = new LaneBench();
        var owner = new SilentOwner();
        var payload = new byte[100];
        var few = Allocated(bench, owner, payload, frames: 10);
        few = Allocated(bench, owner, payload, frames: 10);
        var many = Allocated(bench, owner, payload, frames: 10);
        for (var i = 0; i < 20; i++) Allocated(bench, owner, payload, frames: 1000);
        many = Allocated(bench, owner, payload, frames: 1000);
        // What is allocated is for each block (its Block, a task); the index grows by an entry for each 64 KiB.
        Assert.InRange(many - few, -100_000, 16_000);
    }

    [Fact]
    public void What_the_store_keeps_for_journals_is_not_for_frames_of_journals_that_are_carried_forward()
    {
        using var bench = new LaneBench();
        (bench.Store.Space, bench.Store.SpaceForJournal) = (EnqueueStatus.NoSpace, EnqueueStatus.Accepted);
        var journal = LaneCalls.Request(bench.Partition, bench.Owner, 0) with { Kind = FrameKind.Journal };

        Assert.Equal(EnqueueStatus.NoSpace, bench.Lane.Append(journal with { IsCarried = true }));
        Assert.Equal(EnqueueStatus.Accepted, bench.Lane.Append(journal));
    }

    private static long Allocated(LaneBench bench, IFrameOwner owner, byte[] payload, int frames)
    {
        bench.Store.Blocks.Clear();
        var before = GC.GetAllocatedBytesForCurrentThread();
        var stored = 0L;
        bench.Store.OnWrite = () => stored += bench.Store.Blocks[^1].Bytes.Length + 24;
        for (var i = 0; i < frames; i++)
        {
            var request = new FrameRequest
            {
                Partition = bench.Partition,
                Epoch = default,
                BaseOffset = new Offset(bench.Lane.Index.PublishedEnd(bench.Partition.Partition)?.Value ?? 0) + i,
                LastOffset = new Offset(bench.Lane.Index.PublishedEnd(bench.Partition.Partition)?.Value ?? 0) + i,
                MaxTimestampMs = 0,
                Length = payload.Length,
                Kind = FrameKind.Records,
                Owner = owner,
            };
            Assert.True(bench.Lane.TryEnqueue(request, out var place) == EnqueueStatus.Accepted);
            payload.CopyTo(place.Destination);
            place.Filled(1);
        }

        bench.RunAll();
        return GC.GetAllocatedBytesForCurrentThread() - before - bench.Store.Blocks.Sum(block => block.Bytes.Length + 24L);
    }

    private static IEnumerable<int> Frames(LaneBench bench) => bench.Store.Blocks.Select(block =>
    {
        BlockCodec.TryReadHeader(block.Bytes, out var header, out _);
        return header.FrameCount;
    });

    private sealed class SilentOwner : IFrameOwner
    {
        public void OnPublished(Block block, int index, object? state)
        {
        }

        public void OnLost(LaneEnd end, bool mayBeStored, object? state)
        {
        }
    }
}
