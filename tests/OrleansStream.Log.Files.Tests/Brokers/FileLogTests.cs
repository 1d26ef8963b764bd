using OrleansStream.Log.Blocks;
using OrleansStream.Log.Files.Wal;
using OrleansStream.Log.Serving;
using OrleansStream.Model;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Disks;

namespace OrleansStream.Log.Files.Tests.Brokers;

public sealed class FileLogTests
{
    [Fact]
    public async Task A_restart_serves_what_was_acknowledged_under_a_higher_epoch()
    {
        await using var bench = await LogBench.StartedAsync();
        var handle = await bench.OpenAsync();
        var epoch = handle.Epoch;
        await LogBench.AppendDurablyAsync(handle, "a", "b", "c");

        await bench.RestartAsync();
        handle = await bench.OpenAsync();

        Assert.True(handle.Epoch > epoch);
        Assert.Equal([0, 1, 2], await LogBench.OffsetsAsync(handle));
        await LogBench.AppendDurablyAsync(handle, "d");
        Assert.Equal([0, 1, 2, 3], await LogBench.OffsetsAsync(handle));
    }

    [Fact]
    public async Task Epoch_and_size_of_a_closed_partition_are_known_without_opening_it()
    {
        await using var bench = await LogBench.StartedAsync();
        var stop = TestContext.Current.CancellationToken;
        Assert.Null(bench.Log.EpochOf(LogBench.Partition));
        Assert.Equal(0, await bench.Log.SizeOfAsync(LogBench.Partition, stop));
        var handle = await bench.OpenAsync();
        await LogBench.AppendDurablyAsync(handle, "a", "b", "c");
        var (epoch, size) = (handle.Epoch, handle.SizeBytes);
        Assert.Equal((epoch, size), (bench.Log.EpochOf(LogBench.Partition), await bench.Log.SizeOfAsync(LogBench.Partition, stop)));

        await bench.RestartAsync();

        Assert.Equal((epoch, size), (bench.Log.EpochOf(LogBench.Partition), await bench.Log.SizeOfAsync(LogBench.Partition, stop)));
        Assert.False(bench.Log.Handles.TryGet(LogBench.Partition, out _));
        Assert.True((await bench.OpenAsync()).Epoch > epoch);
        await bench.Log.DeleteAsync(LogBench.Partition, stop);
        Assert.Null(bench.Log.EpochOf(LogBench.Partition));
        Assert.Equal(0, await bench.Log.SizeOfAsync(LogBench.Partition, stop));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task A_power_cut_takes_nothing_that_was_acknowledged(int seed)
    {
        await using var bench = await LogBench.StartedAsync();
        for (var life = 0; life < 3; life++)
        {
            var handle = await bench.OpenAsync();
            Assert.Equal(5 * life, handle.HighWatermark.Value);
            await LogBench.AppendDurablyAsync(handle, "a", "b", "c", "d", "e");
            await bench.CutPowerAsync(seed + life);
        }

        Assert.Equal(Enumerable.Range(0, 15).Select(offset => (long)offset), await LogBench.OffsetsAsync(await bench.OpenAsync()));
    }

    [Fact]
    public async Task Of_many_who_open_a_partition_one_claims_it_and_all_have_its_handle()
    {
        await using var bench = await LogBench.StartedAsync();

        var handles = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(() => bench.OpenAsync())));

        Assert.Single(handles.Distinct());
        Assert.Equal(default, handles[0].Epoch);
    }

    [Fact]
    public async Task A_partition_whose_topic_the_catalog_does_not_know_is_not_created()
    {
        await using var bench = await LogBench.StartedAsync();
        bench.TopicsExist = false;

        var opened = await bench.Log.OpenAsync(LogBench.Partition, new PartitionSettings(), TestContext.Current.CancellationToken);

        Assert.Equal((ErrorCode.UnknownTopicOrPartition, null), (opened.Error, opened.Handle));
    }

    [Fact]
    public async Task A_failed_sync_begins_a_new_session_that_has_everything_that_was_acknowledged_and_nothing_else()
    {
        await using var bench = await LogBench.StartedAsync();
        var handle = await bench.OpenAsync();
        await LogBench.AppendDurablyAsync(handle, "a", "b");

        // The file that the lane is in, and no other: one that is being prepared at the moment may sync as well.
        var current = WalNames.PathOf(handle.Session, 0);
        bench.Disk.Faults = call => call.Operation == DiskOperation.SyncData && call.Path == current ? DiskFault.Fail : DiskFault.None;

        var lost = await LogBench.AppendAsync(handle, "lost");
        Assert.NotEqual(ErrorCode.None, lost.Error);
        Assert.False(handle.IsOwner);
        var again = await bench.OpenAsync();

        Assert.True(again.Epoch > handle.Epoch);
        Assert.Equal(1, bench.Log.Lanes.LanesLost);
        Assert.Equal([0, 1], await LogBench.OffsetsAsync(again));
        await LogBench.AppendDurablyAsync(again, "c");
        await bench.RestartAsync();
        Assert.Equal([0, 1, 2], await LogBench.OffsetsAsync(await bench.OpenAsync()));
    }

    // The end of the old session is recorded in the metadata journal, which is on the same disk.
    [Fact]
    public async Task A_disk_that_fails_altogether_for_a_while_costs_no_partition_its_life()
    {
        await using var bench = await LogBench.StartedAsync();
        var handle = await bench.OpenAsync();
        await LogBench.AppendDurablyAsync(handle, "a", "b");
        var refused = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var failures = 0;
        bench.Disk.Faults = call =>
        {
            if (call.Operation == DiskOperation.Read) return DiskFault.None;
            if (call.Path.StartsWith("meta/", StringComparison.Ordinal) && ++failures == 4) refused.TrySetResult();
            return DiskFault.Fail;
        };
        Assert.NotEqual(ErrorCode.None, (await LogBench.AppendAsync(handle, "lost")).Error);
        var opening = bench.OpenAsync();
        await refused.Task.WaitAsync(TestContext.Current.CancellationToken);

        bench.Disk.Faults = null;
        while (!opening.IsCompleted)
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            bench.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        Assert.Equal([0, 1], await LogBench.OffsetsAsync(await opening));
        await LogBench.AppendDurablyAsync(await opening, "c");
    }

    [Fact]
    public async Task A_log_that_is_stopped_while_its_disk_fails_comes_to_an_end()
    {
        var bench = await LogBench.StartedAsync();
        var handle = await bench.OpenAsync();
        bench.Disk.Faults = call => call.Operation == DiskOperation.Read ? DiskFault.None : DiskFault.Fail;
        Assert.NotEqual(ErrorCode.None, (await LogBench.AppendAsync(handle, "lost")).Error);

        await bench.DisposeAsync();
    }

    // Whatever a library throws when memory or handles run out: the broker must not stay without a lane for ever.
    [Fact]
    public async Task An_exception_that_nobody_expects_costs_a_try_for_a_new_session_and_not_the_broker()
    {
        await using var bench = await LogBench.StartedAsync();
        var handle = await bench.OpenAsync();
        await LogBench.AppendDurablyAsync(handle, "a");
        var current = WalNames.PathOf(handle.Session, 0);
        var thrown = 0;
        bench.Disk.Faults = call =>
        {
            if (call.Operation == DiskOperation.SyncData && call.Path == current) return DiskFault.Fail;
            return call.Operation == DiskOperation.Create && call.Path.StartsWith("wal/", StringComparison.Ordinal) && thrown++ < 3
                ? throw new InvalidOperationException("unexpected")
                : DiskFault.None;
        };
        Assert.NotEqual(ErrorCode.None, (await LogBench.AppendAsync(handle, "lost")).Error);
        var opening = bench.OpenAsync();
        while (!opening.IsCompleted)
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            bench.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        Assert.Equal([0], await LogBench.OffsetsAsync(await opening));
        await LogBench.AppendDurablyAsync(await opening, "b");
    }

    [Fact]
    public async Task A_step_of_stopping_that_fails_leaves_no_other_undone()
    {
        var bench = await LogBench.StartedAsync();
        var handle = await bench.OpenAsync();
        await LogBench.AppendDurablyAsync(handle, "a");
        var writes = 0;

        // The first one records the end of the session, the second one is the journal's last block.
        bench.Disk.Faults = call => call.Operation == DiskOperation.Write && call.Path.StartsWith("meta/", StringComparison.Ordinal) && ++writes == 2
            ? throw new InvalidOperationException("unexpected")
            : DiskFault.None;

        var error = await Assert.ThrowsAsync<AggregateException>(() => bench.StopAsync());
        bench.Disk.Faults = null;

        Assert.All(error.InnerExceptions, static inner => Assert.Equal("unexpected", inner.Message));
        Assert.Equal(0, bench.Log.Slabs.Leases.Total);
        await bench.StartAsync();
        Assert.Equal([0], await LogBench.OffsetsAsync(await bench.OpenAsync()));
        await bench.DisposeAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_deleted_partition_is_unknown_for_ever_whether_it_was_opened_or_not(bool opened)
    {
        await using var bench = await LogBench.StartedAsync();
        PartitionHandle? handle = null;
        if (opened)
        {
            handle = await bench.OpenAsync();
            await LogBench.AppendDurablyAsync(handle, "a");
        }

        await bench.Log.DeleteAsync(LogBench.Partition, TestContext.Current.CancellationToken);
        await bench.Log.DeleteAsync(LogBench.Partition, TestContext.Current.CancellationToken);

        Assert.True(handle is null or { IsOwner: false, Closed: ErrorCode.UnknownTopicOrPartition });
        for (var life = 0; life < 2; life++)
        {
            var again = await bench.Log.OpenAsync(LogBench.Partition, new PartitionSettings(), TestContext.Current.CancellationToken);
            Assert.Equal(ErrorCode.UnknownTopicOrPartition, again.Error);
            await bench.RestartAsync();
        }
    }

    [Fact]
    public async Task Deleted_records_stay_deleted_after_a_restart_and_a_power_cut()
    {
        await using var bench = await LogBench.StartedAsync();
        var handle = await bench.OpenAsync();
        await LogBench.AppendDurablyAsync(handle, "a", "b", "c");
        Assert.Equal(ErrorCode.OffsetOutOfRange, await bench.Log.MoveLogStartAsync(handle, new Offset(4), TestContext.Current.CancellationToken));
        Assert.Equal(ErrorCode.None, await bench.Log.MoveLogStartAsync(handle, new Offset(2), TestContext.Current.CancellationToken));
        Assert.Equal(ErrorCode.None, await bench.Log.MoveLogStartAsync(handle, new Offset(1), TestContext.Current.CancellationToken));

        for (var life = 0; life < 3; life++)
        {
            handle = await bench.OpenAsync();
            Assert.Equal((2, 3), (handle.LogStart.Value, handle.HighWatermark.Value));
            Assert.Equal([2], await LogBench.OffsetsAsync(handle));
            using var frames = new FrameList();
            var below = await handle.ReadAsync(new ReadRequest(new Offset(1), Limits.MiB, AtLeastOne: true, Committed: false), frames, TestContext.Current.CancellationToken);
            Assert.Equal(ErrorCode.OffsetOutOfRange, below.Error);
            if (life == 0) await bench.RestartAsync();
            else await bench.CutPowerAsync(life);
        }
    }
}
