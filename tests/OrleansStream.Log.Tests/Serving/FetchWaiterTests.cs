using OrleansStream.Log.Serving;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Records;
using OrleansStream.Testing.Serving;

namespace OrleansStream.Log.Tests.Serving;

public sealed class FetchWaiterTests
{
    private static readonly int BatchBytes = new BatchBuilder().Record("value 0").Build().Length;

    private int _woken;

    [Fact]
    public void Pitfall_5_an_append_wakes_the_waiter_at_once_and_only_once()
    {
        using var broker = new MemoryBroker();
        var handle = broker.Open();
        var waiter = Wait(1, (handle, 0));

        broker.AppendDurably(handle, 2);

        Assert.Equal(1, _woken);
        Assert.False(waiter.Cancel());
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    public void Pitfall_5_minimum_bytes_are_waited_for_over_all_partitions(int lastBatch, int expected)
    {
        using var broker = new MemoryBroker();
        var first = broker.Open(broker.NewManifest(MemoryBroker.PartitionOf(1)));
        var second = broker.Open(broker.NewManifest(MemoryBroker.PartitionOf(2)));
        var waiter = Wait(3 * BatchBytes, (first, 0), (second, 0));

        broker.AppendDurably(first, 1);
        broker.AppendDurably(second, 1);
        broker.AppendDurably(first, lastBatch);

        Assert.Equal(expected, _woken);
        waiter.Cancel();
    }

    [Fact]
    public void Bytes_that_came_between_the_look_and_the_wait_are_counted()
    {
        using var broker = new MemoryBroker();
        var handle = broker.Open();
        broker.AppendDurably(handle, 2);

        Wait(BatchBytes, (handle, 1)).Cancel();

        Assert.Equal(1, _woken);
    }

    [Fact]
    public void Bytes_below_the_wanted_offset_do_not_count()
    {
        using var broker = new MemoryBroker();
        var handle = broker.Open();
        broker.AppendDurably(handle, 2);
        broker.Append(handle, new BatchBuilder().Record("in flight"));
        var waiter = Wait(1, (handle, 3));

        broker.Lane.Publish();
        Assert.Equal(0, _woken);

        broker.AppendDurably(handle, 1);
        Assert.Equal(1, _woken);
        waiter.Cancel();
    }

    [Fact]
    public void A_cancelled_waiter_is_not_woken_and_can_be_used_again()
    {
        using var broker = new MemoryBroker();
        var handle = broker.Open();
        var waiter = Wait(1, (handle, 0));
        Assert.True(waiter.Cancel());
        Assert.True(waiter.Cancel() || _woken == 0);
        broker.AppendDurably(handle, 1);
        Assert.Equal(0, _woken);

        Assert.True(waiter.TryReset(1));
        waiter.Watch(handle, new Offset(1));
        waiter.Start();
        broker.AppendDurably(handle, 1);
        Assert.Equal(1, _woken);
        Assert.False(waiter.TryReset(1));
        waiter.Cancel();
        Assert.True(waiter.TryReset(1));
    }

    [Theory]
    [InlineData(ErrorCode.NotLeaderOrFollower)]
    [InlineData(ErrorCode.UnknownTopicOrPartition)]
    public void Closing_wakes_and_the_next_look_says_why(ErrorCode reason)
    {
        using var broker = new MemoryBroker();
        var handle = broker.Open();
        var waiter = Wait(1, (handle, 0));

        handle.Close(reason);

        Assert.Equal(1, _woken);
        using var frames = new OrleansStream.Log.Blocks.FrameList();
        Assert.Equal(reason, Reading.Read(handle, Offset.Zero, frames).Error);
        waiter.Cancel();
    }

    [Fact]
    public void A_new_epoch_wakes_those_who_wait_at_the_old_handle()
    {
        using var broker = new MemoryBroker();
        var waiter = Wait(1, (broker.Open(), 0));

        broker.Open(broker.NewManifest(MemoryBroker.AnyPartition, epoch: 1));

        Assert.Equal(1, _woken);
        waiter.Cancel();
    }

    [Fact]
    public void A_moved_log_start_wakes()
    {
        using var broker = new MemoryBroker();
        var handle = broker.Open();
        broker.AppendDurably(handle, 3);
        var waiter = Wait(1, (handle, 3));

        handle.MoveLogStart(new Offset(2));

        Assert.Equal(1, _woken);
        waiter.Cancel();
    }

    [Fact]
    public void Watching_a_closed_partition_wakes_at_the_start()
    {
        using var broker = new MemoryBroker();
        var open = broker.Open(broker.NewManifest(MemoryBroker.PartitionOf(1)));
        var closed = broker.Open(broker.NewManifest(MemoryBroker.PartitionOf(2)));
        closed.Close(ErrorCode.NotLeaderOrFollower);

        Wait(1000, (open, 0), (closed, 0), (closed, 0), (closed, 0)).Cancel();

        Assert.Equal(1, _woken);
    }

    [Fact]
    public void The_deadline_wakes_and_a_cancelled_wait_leaves_the_wheel()
    {
        using var broker = new MemoryBroker();
        using var wheel = new DeadlineWheel(broker.Time);
        var handle = broker.Open();
        var late = new FetchWaiter(1, _ => _woken++);
        late.Watch(handle, Offset.Zero);
        late.Start(wheel, TimeSpan.FromMilliseconds(500));
        var cancelled = new FetchWaiter(1, _ => _woken += 100);
        cancelled.Watch(handle, Offset.Zero);
        cancelled.Start(wheel, TimeSpan.FromMilliseconds(400));
        cancelled.Cancel();

        broker.Time.Advance(TimeSpan.FromMilliseconds(499));
        Assert.Equal(0, _woken);
        broker.Time.Advance(TimeSpan.FromMilliseconds(10));
        Assert.Equal(1, _woken);
        Assert.Equal(0, wheel.Count);
        late.Cancel();
    }

    // What is published in each gap of building and starting must be seen: every gap is tried.
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void No_step_of_building_a_waiter_loses_a_wake_up(int publishAt)
    {
        using var broker = new MemoryBroker();
        var first = broker.Open(broker.NewManifest(MemoryBroker.PartitionOf(1)));
        var second = broker.Open(broker.NewManifest(MemoryBroker.PartitionOf(2)));
        var waiter = new FetchWaiter(1, _ => _woken++);
        Action[] steps = [() => waiter.Watch(first, Offset.Zero), () => waiter.Watch(second, Offset.Zero), waiter.Start];
        for (var step = 0; step <= steps.Length; step++)
        {
            if (step == publishAt) broker.AppendDurably(first, 1);
            if (step < steps.Length) steps[step]();
        }

        Assert.Equal(1, _woken);
        waiter.Cancel();
    }

    [Fact]
    public async Task Racing_publications_and_waits_lose_no_wake_up()
    {
        using var broker = new MemoryBroker();
        var handle = broker.Open();
        var stop = false;
        var producer = Task.Factory.StartNew(
            () =>
            {
                for (var batch = 0; batch < 3000; batch++) broker.AppendDurably(handle, 1);
                Volatile.Write(ref stop, true);
            },
            TestContext.Current.CancellationToken,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);

        // Each wait is for one more batch than was seen; a lost wake-up leaves this loop waiting until its deadline.
        var seen = Offset.Zero;
        while (seen.Value < 3000)
        {
            var woken = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var waiter = new FetchWaiter(1, _ => woken.SetResult());
            waiter.Watch(handle, seen);
            waiter.Start();
            await woken.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
            waiter.Cancel();
            Assert.True(handle.HighWatermark > seen);
            seen = handle.HighWatermark;
        }

        await producer;
        Assert.True(Volatile.Read(ref stop));
    }

    // A partition that nobody appends to must not collect the links of waiters that were woken elsewhere and never cancelled.
    [Fact]
    public void Links_of_waiters_that_are_over_do_not_pile_up()
    {
        using var broker = new MemoryBroker();
        var busy = broker.Open(broker.NewManifest(MemoryBroker.PartitionOf(1)));
        var idle = broker.Open(broker.NewManifest(MemoryBroker.PartitionOf(2)));
        var lasting = Wait(1, (idle, 0));
        for (var round = 0; round < 100; round++)
        {
            Wait(1, (busy, busy.HighWatermark.Value), (idle, 0));
            broker.AppendDurably(busy, 1);
        }

        Assert.InRange(idle.Published.CountWatchers(), 1, 3);
        broker.AppendDurably(idle, 1);
        Assert.Equal(101, _woken);
        lasting.Cancel();
    }

    [Fact]
    public void Waking_allocates_nothing_and_idle_partitions_with_a_thousand_waiters_cost_a_publication_nothing()
    {
        using var broker = new MemoryBroker();
        using var wheel = new DeadlineWheel(broker.Time);
        var busy = broker.Open(broker.NewManifest(MemoryBroker.PartitionOf(0)));
        var idle = Enumerable.Range(1, 1000).Select(index => broker.Open(broker.NewManifest(MemoryBroker.PartitionOf(index)))).ToArray();
        var looked = 0;
        for (var session = 0; session < 100; session++)
        {
            var waiter = new FetchWaiter(1, _ => looked++);
            foreach (var handle in idle) waiter.Watch(handle, Offset.Zero);
            waiter.Start(wheel, TimeSpan.FromHours(1));
        }

        broker.Append(busy, new BatchBuilder().Record("warm"));
        broker.Lane.Publish();
        var waiters = new FetchWaiter[50];
        for (var index = 0; index < waiters.Length; index++)
        {
            waiters[index] = new FetchWaiter(1, _ => _woken++);
            waiters[index].Watch(busy, new Offset(1));
            waiters[index].Start();
        }

        broker.Append(busy, new BatchBuilder().Record("wake"));
        broker.Lane.Write();
        var before = GC.GetAllocatedBytesForCurrentThread();
        broker.Lane.Dispatch();
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal(50, _woken);
        Assert.Equal(0, looked);
        Assert.InRange(allocated, 0, 1_500);
    }

    private FetchWaiter Wait(long bytes, params (PartitionHandle Handle, long From)[] partitions)
    {
        var waiter = new FetchWaiter(bytes, _ => _woken++);
        foreach (var (handle, from) in partitions) waiter.Watch(handle, new Offset(from));
        waiter.Start();
        return waiter;
    }
}
