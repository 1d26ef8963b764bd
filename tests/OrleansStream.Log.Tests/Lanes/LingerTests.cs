using OrleansStream.Log.Blocks;
using OrleansStream.Log.Economy;
using OrleansStream.Log.Lanes;
using OrleansStream.Model;
using OrleansStream.Testing.Lanes;

namespace OrleansStream.Log.Tests.Lanes;

/// <summary>When a block is sealed: at once where the lane is idle, else when the shortest linger among its frames is over since the block before.</summary>
public sealed class LingerTests : IDisposable
{
    private const int Depth = 3;

    // The grain of a thread's waits: a block is sealed when it is due within less than that.
    private static readonly TimeSpan Grain = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan Moment = TimeSpan.FromTicks(1);
    private static readonly LaneLinger Linger = LaneLinger.OfBlobs;

    private readonly PipelinedStore _store = new(Depth);
    private readonly LaneBench _bench;
    private long _next;

    public LingerTests() => _bench = new LaneBench(setup => setup with { Store = _store, Linger = Linger });

    public static TheoryData<LatencyClass> Classes => new(Enum.GetValues<LatencyClass>());

    public void Dispose()
    {
        _bench.Lane.Abort(new LaneEnd("The test is over.", null));
        _bench.RunAll();
        _store.GiveBack(_store.Blocks.Count - (int)_store.DurableEnd.Value);
        _bench.Dispose();
    }

    [Theory, MemberData(nameof(Classes))]
    public void The_first_frame_of_a_lane_goes_at_once(LatencyClass latencyClass)
    {
        Append(latencyClass);

        Assert.Equal([1], FramesOfBlocks);
    }

    [Theory, MemberData(nameof(Classes))]
    public void A_frame_waits_until_its_linger_is_over_since_the_block_before(LatencyClass latencyClass)
    {
        Append(latencyClass);
        Append(latencyClass);

        _bench.Time.Advance(Linger.Of(latencyClass) - Grain);
        _bench.RunAll();
        Assert.Equal([1], FramesOfBlocks);
        _bench.Time.Advance(Moment);
        _bench.RunAll();

        Assert.Equal([1, 1], FramesOfBlocks);
    }

    [Theory, MemberData(nameof(Classes))]
    public void A_frame_that_finds_no_block_within_its_linger_goes_at_once(LatencyClass latencyClass)
    {
        Append(latencyClass);
        _bench.Time.Advance(Linger.Of(latencyClass));

        Append(latencyClass);

        Assert.Equal([1, 1], FramesOfBlocks);
    }

    // The store is not the clock: what is on its way for long does not make the next block wait for more than its linger.
    [Fact]
    public void A_block_that_is_still_on_its_way_delays_no_other()
    {
        Append(LatencyClass.Balanced);
        _bench.Time.Advance(Linger.Balanced);
        Append(LatencyClass.Balanced);
        _bench.Time.Advance(Linger.Balanced);
        Append(LatencyClass.Balanced);

        Assert.Equal(Depth, _store.Blocks.Count);
        Assert.Empty(_bench.Owner.Published);
    }

    [Theory]
    [InlineData(LatencyClass.Economy, LatencyClass.Balanced, 20)]
    [InlineData(LatencyClass.Balanced, LatencyClass.Economy, 20)]
    [InlineData(LatencyClass.Economy, LatencyClass.Low, 5)]
    [InlineData(LatencyClass.Low, LatencyClass.Balanced, 5)]
    public void The_most_hurried_frame_of_a_block_decides_for_all_of_them(LatencyClass first, LatencyClass second, int lingerMs)
    {
        Append(LatencyClass.Low);
        Append(first);
        Append(second);

        _bench.Time.Advance(TimeSpan.FromMilliseconds(lingerMs) - Grain);
        _bench.RunAll();
        Assert.Equal([1], FramesOfBlocks);
        _bench.Time.Advance(Moment);
        _bench.RunAll();

        Assert.Equal([1, 2], FramesOfBlocks);
    }

    [Fact]
    public void A_hurried_frame_takes_along_what_waits_though_the_block_before_was_only_just_sealed()
    {
        Append(LatencyClass.Economy);
        Append(LatencyClass.Economy);
        _bench.Time.Advance(Linger.Low);
        Append(LatencyClass.Low);

        Assert.Equal([1, 2], FramesOfBlocks);
    }

    [Fact]
    public void The_writer_sleeps_in_whole_milliseconds_until_the_last_one_before_the_open_block_is_due()
    {
        Append(LatencyClass.Balanced);
        Append(LatencyClass.Balanced);
        Assert.Equal(Linger.Balanced, _bench.Lane.Pause);

        _bench.Time.Advance(TimeSpan.FromMicroseconds(300));
        _bench.RunAll();
        Assert.Equal(Linger.Balanced - Grain, _bench.Lane.Pause);
        _bench.Time.Advance(TimeSpan.FromMicroseconds(700));
        _bench.RunAll();

        Assert.Equal(Linger.Balanced - Grain, _bench.Lane.Pause);
    }

    // Counted from the early seal there would be one more in each 25: operations are paid for.
    [Fact]
    public void Blocks_that_are_sealed_early_are_no_more_than_one_in_a_linger()
    {
        for (var look = 0; look < 10_000; look++)
        {
            Append(LatencyClass.Balanced);
            if (_store.Blocks.Count > _store.DurableEnd.Value) _store.Land(1);
            _bench.Time.Advance(TimeSpan.FromMicroseconds(300));
        }

        Assert.InRange(_store.Blocks.Count, 148, 151); // 3 s, and the first one, which waits for nobody.
    }

    [Theory]
    [InlineData(0.9, 20)] // As well as a thread can tell in time: the next is due as if it had been.
    [InlineData(1.1, 21.1)]
    public void A_block_that_is_hardly_late_makes_the_next_one_no_later(double lateMs, double nextMs)
    {
        Append(LatencyClass.Balanced);
        Append(LatencyClass.Balanced);
        _bench.Time.Advance(Linger.Balanced + TimeSpan.FromMilliseconds(lateMs));
        _bench.RunAll();
        Append(LatencyClass.Balanced);

        _bench.Time.Advance(TimeSpan.FromMilliseconds(nextMs - lateMs) - Grain);
        _bench.RunAll();
        Assert.Equal([1, 1], FramesOfBlocks);
        _bench.Time.Advance(Moment);
        _bench.RunAll();

        Assert.Equal([1, 1, 1], FramesOfBlocks);
    }

    [Fact]
    public void A_frame_that_is_due_sooner_than_the_writer_means_to_look_wakes_it_and_a_later_one_does_not()
    {
        Append(LatencyClass.Balanced);
        Append(LatencyClass.Balanced);
        var wakes = _bench.Wakes;

        _bench.Append(10, latencyClass: LatencyClass.Economy);
        _bench.Append(11, latencyClass: LatencyClass.Balanced);
        Assert.Equal(wakes, _bench.Wakes);
        _bench.Append(12, latencyClass: LatencyClass.Low);

        Assert.Equal(wakes + 1, _bench.Wakes);
    }

    [Fact]
    public void While_nothing_may_go_on_its_way_what_is_due_waits_and_what_comes_goes_with_it()
    {
        for (var block = 0; block < Depth; block++)
        {
            Append(LatencyClass.Low);
            _bench.Time.Advance(Linger.Low);
        }

        for (var frame = 0; frame < 10; frame++)
        {
            Append(LatencyClass.Low);
            _bench.Time.Advance(Linger.Low);
        }

        Assert.Equal([1, 1, 1], FramesOfBlocks);
        _store.Land(1);
        _bench.RunAll();

        Assert.Equal([1, 1, 1, 10], FramesOfBlocks);
    }

    [Fact]
    public void A_full_block_does_not_wait_for_its_linger()
    {
        Append(LatencyClass.Economy);

        for (var frame = 0; frame < 6; frame++) Append(LatencyClass.Economy, length: Limits.MiB);

        Assert.Equal(Depth, _store.Blocks.Count);
    }

    [Fact]
    public void A_lane_is_pressed_while_half_of_what_it_may_hold_waits_for_its_store()
    {
        for (var block = 0; block < 4; block++)
        {
            Assert.False(_bench.Lane.IsPressed);
            Append(LatencyClass.Economy, length: 4 * Limits.MiB - Limits.KiB); // Each takes a slab of 4 MiB, of 32 that there may be.
        }

        Assert.False(_bench.Lane.IsPressed);
        Append(LatencyClass.Economy, length: 4 * Limits.MiB - Limits.KiB);
        Assert.True(_bench.Lane.IsPressed);

        _store.Land(1);
        _bench.RunAll();
        Assert.False(_bench.Lane.IsPressed);
    }

    [Fact]
    public async Task A_drain_and_a_stop_wait_for_no_linger()
    {
        Append(LatencyClass.Economy);
        Append(LatencyClass.Economy);
        var drain = _bench.Lane.DrainAsync(_bench.Partition.Partition, TestContext.Current.CancellationToken);
        _bench.RunAll();
        Assert.Equal([1, 1], FramesOfBlocks);
        _store.Land(2);
        _bench.RunAll();
        await drain;

        Append(LatencyClass.Economy);
        var stop = _bench.Lane.StopAsync(TestContext.Current.CancellationToken);
        _bench.RunAll();
        Assert.Equal([1, 1, 1], FramesOfBlocks);
        _store.Land(1);
        _bench.RunAll();
        await stop;
    }

    [Fact]
    public void Without_lingers_every_class_is_written_at_once()
    {
        using var files = new LaneBench();
        foreach (var latencyClass in Enum.GetValues<LatencyClass>())
        {
            files.Append((int)latencyClass, latencyClass: latencyClass);
            files.RunAll();
        }

        Assert.Equal([1, 1, 1], files.Store.Writes);
    }

    // What the operator sets is for files too.
    [Fact]
    public void A_linger_holds_for_a_store_that_writes_one_by_one()
    {
        using var files = new LaneBench(setup => setup with { Linger = new LaneLinger { Balanced = TimeSpan.FromMilliseconds(2) } });
        files.Append(0, latencyClass: LatencyClass.Balanced);
        files.RunAll();
        files.Append(1, latencyClass: LatencyClass.Balanced);
        files.RunAll();
        Assert.Equal([1], files.Store.Writes);
        files.Append(2); // Of a class without one.
        files.RunAll();

        Assert.Equal([1, 1], files.Store.Writes);
        Assert.Equal([0L, 1, 2], files.Owner.Published.Select(frame => frame.Base.Value));
    }

    // The empty block that says that everything is durable costs nothing that a linger saves.
    [Fact]
    public void The_block_that_publishes_the_durable_end_makes_no_frame_wait()
    {
        using var files = new LaneBench(setup => setup with { Linger = new LaneLinger { Low = TimeSpan.FromSeconds(1) } });
        files.Append(0);
        files.RunAll();
        files.Time.Advance(TimeSpan.FromSeconds(2));
        files.RunAll();
        Assert.Equal(2, files.Store.Blocks.Count);

        files.Append(1);
        files.RunAll();

        Assert.Equal(3, files.Store.Blocks.Count);
    }

    [Fact]
    public void A_lane_whose_service_is_too_busy_waits_twice_as_long_with_each_block_up_to_a_bound_and_comes_back_as_fast()
    {
        var lingers = new List<TimeSpan>();
        for (var block = 0; block < 12; block++)
        {
            if (block is >= 1 and <= 7) _store.Throttled++;
            Append(LatencyClass.Balanced);
            lingers.Add(_bench.Lane.LingerOf(LatencyClass.Balanced));
            _store.Land(1);
            _bench.Time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal([20, 40, 80, 160, 320, 400, 400, 400, 200, 100, 50, 25], lingers.Select(linger => linger.TotalMilliseconds));
        Assert.Equal(Linger.Economy.TotalMilliseconds * 1.25, _bench.Lane.LingerOf(LatencyClass.Economy).TotalMilliseconds);
    }

    private IEnumerable<int> FramesOfBlocks => _store.Blocks.Select(static stored =>
    {
        Assert.True(BlockCodec.TryReadHeader(stored, out var header, out _));
        return header.FrameCount;
    });

    private void Append(LatencyClass latencyClass, int length = 100)
    {
        Assert.Equal(EnqueueStatus.Accepted, _bench.Append(_next++, length, latencyClass: latencyClass));
        _bench.RunAll();
    }
}
