using System.Collections.Immutable;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Serving;
using OrleansStream.Log.Tests.Serving;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Storage;

namespace OrleansStream.Log.Tests.Retention;

public sealed class LogStartTests : IDisposable
{
    private readonly RetentionBench _bench = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task D1_records_that_expire_leave_in_one_manifest_write_and_the_lane_forgets_them()
    {
        var handle = _bench.Open(new PartitionSettings { RetentionMs = 1000 });
        _bench.Append(handle, _bench.NowMs - 1001);
        _bench.Append(handle, _bench.NowMs - 1001);
        _bench.Append(handle, _bench.NowMs);
        _bench.Broker.Tail.Clear();
        var writes = _bench.Store.Writes;

        // Entries of the lane index hold several frames, and are let go as a whole: this one has the young record.
        Assert.False(await _bench.Retention.RunAsync(handle, Token));
        _bench.Time.Advance(TimeSpan.FromMilliseconds(1001));
        Assert.True(await _bench.Retention.RunAsync(handle, Token));

        Assert.Equal(writes + 1, _bench.Store.Writes);
        Assert.Equal(new Offset(30), handle.LogStart);
        Assert.Equal(new Offset(30), handle.HighWatermark);
        Assert.Equal(new Offset(30), (await _bench.ManifestOf(handle.Id)).LogStart);
        Assert.Empty(handle.ExtentsFrom(Offset.Zero));
        using var frames = new FrameList();
        Assert.Equal(ErrorCode.OffsetOutOfRange, Reading.Read(handle, new Offset(29), frames).Error);
    }

    [Fact]
    public async Task An_emptied_log_goes_on_with_its_offsets()
    {
        var handle = _bench.Open();
        _bench.Append(handle, 1);
        Assert.Equal(ErrorCode.None, await _bench.Mover.MoveAsync(handle, Offset.None, Token));

        _bench.Append(handle, 2);

        Assert.Equal(new Offset(10), handle.LogStart);
        Assert.Equal([10L], Reading.All(handle, new Offset(10)));
    }

    [Theory, InlineData(-2, ErrorCode.OffsetOutOfRange), InlineData(0, ErrorCode.None), InlineData(7, ErrorCode.None), InlineData(10, ErrorCode.None), InlineData(11, ErrorCode.OffsetOutOfRange)]
    public async Task DeleteRecords_takes_offsets_up_to_the_high_watermark(long offset, ErrorCode expected)
    {
        var handle = _bench.Open();
        _bench.Append(handle, 1);

        Assert.Equal(expected, await _bench.Mover.MoveAsync(handle, new Offset(offset), Token));
        Assert.Equal(expected == ErrorCode.None ? offset : 0, handle.LogStart.Value);
    }

    [Fact]
    public async Task Log_start_may_point_inside_a_batch_and_never_goes_back()
    {
        var handle = _bench.Open();
        _bench.Append(handle, 1);
        await _bench.Mover.MoveAsync(handle, new Offset(5), Token);
        await _bench.Mover.MoveAsync(handle, new Offset(3), Token);

        Assert.Equal(new Offset(5), handle.LogStart);
        Assert.Equal([0L], Reading.All(handle, new Offset(5)));
    }

    [Fact]
    public async Task A_closed_handle_answers_its_code_and_writes_nothing()
    {
        var handle = _bench.Open();
        _bench.Append(handle, 1);
        handle.Close(ErrorCode.NotLeaderOrFollower);
        var writes = _bench.Store.Writes;

        Assert.Equal(ErrorCode.NotLeaderOrFollower, await _bench.Mover.MoveAsync(handle, new Offset(5), Token));
        Assert.Equal(writes, _bench.Store.Writes);
    }

    [Fact]
    public async Task M3_a_partition_that_was_claimed_by_another_is_closed_and_not_shortened()
    {
        var handle = _bench.Open();
        _bench.Append(handle, 1);
        var claimed = (await _bench.ManifestOf(handle.Id)) with { Epoch = new LeaderEpoch(9) };
        _bench.Store.Put(claimed);

        Assert.Equal(ErrorCode.NotLeaderOrFollower, await _bench.Mover.MoveAsync(handle, new Offset(5), Token));
        Assert.False(handle.IsOwner);
        Assert.Equal(claimed, await _bench.ManifestOf(handle.Id));
    }

    [Theory, InlineData(WriteFault.WrittenUnseen), InlineData(WriteFault.LostUnseen)]
    public async Task M2_a_write_without_an_outcome_is_sent_again_until_it_stands(WriteFault fault)
    {
        var handle = _bench.Open();
        _bench.Append(handle, 1);
        _bench.Store.Fault = write => write == 1 ? fault : WriteFault.None;
        var move = _bench.Mover.MoveAsync(handle, new Offset(5), Token).AsTask();
        while (!move.IsCompleted) _bench.Time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(ErrorCode.None, await move);
        Assert.Equal(new Offset(5), (await _bench.ManifestOf(handle.Id)).LogStart);
    }

    // Two edits at once: whichever comes second must not put the older manifest back into force.
    [Fact]
    public async Task Moves_at_once_end_at_the_highest_offset()
    {
        var handle = _bench.Open();
        _bench.Append(handle, 1);
        await Task.WhenAll(Enumerable.Range(1, 9).Select(offset => Task.Run(() => _bench.Mover.MoveAsync(handle, new Offset(offset), Token).AsTask())));

        Assert.Equal(new Offset(9), handle.LogStart);
        Assert.Equal(new Offset(9), handle.Manifest.LogStart);
    }

    [Fact]
    public async Task D2_dropped_segments_are_deleted_after_their_delay_counted_from_the_first_look()
    {
        var handle = _bench.Open(new PartitionSettings { FileDeleteDelayMs = 60_000, RetentionMs = 100, SegmentBytes = 1 }, change: WithSegments);
        await PutAsync("p/a");
        await PutAsync("p/b");

        Assert.True(await _bench.Retention.RunAsync(handle, Token));
        Assert.Equal(["p/a"], (await _bench.ManifestOf(handle.Id)).PendingDelete);
        _bench.Time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(0, await _bench.Pending.DeleteDueAsync(Token));
        _bench.Time.Advance(TimeSpan.FromMilliseconds(59_999));
        Assert.Equal(0, await _bench.Pending.DeleteDueAsync(Token));
        Assert.Equal(["p/a", "p/b"], _bench.Objects.Names);

        _bench.Time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(1, await _bench.Pending.DeleteDueAsync(Token));

        Assert.Equal(["p/b"], _bench.Objects.Names);
        Assert.Empty((await _bench.ManifestOf(handle.Id)).PendingDelete);
        await _bench.Pending.DeleteDueAsync(Token);
        Assert.Equal(0, _bench.Pending.Partitions);
    }

    [Fact]
    public async Task D2_lists_of_an_earlier_process_are_found_at_start()
    {
        var handle = _bench.Open(new PartitionSettings { FileDeleteDelayMs = 0 }, change: manifest => manifest with { PendingDelete = ["p/a"] });
        await PutAsync("p/a");

        await _bench.Pending.WatchAllAsync(Token);
        Assert.Equal(1, await _bench.Pending.DeleteDueAsync(Token));

        Assert.Empty(_bench.Objects.Names);
        Assert.Empty((await _bench.ManifestOf(handle.Id)).PendingDelete);
    }

    private Manifest WithSegments(Manifest manifest) => manifest with
    {
        Extents =
        [
            new SegmentExtent("p/a", default, Offset.Zero, new Offset(9), 100, _bench.NowMs - 101),
            new SegmentExtent("p/b", default, new Offset(10), new Offset(19), 100, _bench.NowMs),
        ],
    };

    private async Task PutAsync(string name) => await _bench.Objects.TryCreateAsync(name, new System.Buffers.ReadOnlySequence<byte>(new byte[1]), Token);
}
