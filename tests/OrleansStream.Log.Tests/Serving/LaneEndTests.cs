using OrleansStream.Log.Blocks;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Records;
using OrleansStream.Testing.Serving;

namespace OrleansStream.Log.Tests.Serving;

public sealed class LaneEndTests
{
    // The lane ends after every possible number of published steps, by a failed write or by a fence. Whatever was answered with success is a prefix,
    // and is exactly what can be read.
    [Theory]
    [MemberData(nameof(EndsAtEveryStep))]
    public void What_was_answered_with_success_is_a_prefix_and_all_that_is_visible(int publishedSteps, bool fails)
    {
        const int Steps = 6;
        using var broker = new MemoryBroker();
        var handle = broker.Open();
        for (var step = 0; step < Steps; step++)
        {
            broker.Append(handle, new BatchBuilder().Record("a"));
            broker.Append(handle, new BatchBuilder().Record("b"));
            if (step < publishedSteps) broker.Lane.Publish();
        }

        End(broker, fails);
        broker.Append(handle, new BatchBuilder().Record("too late"));

        var durable = 2 * publishedSteps;
        var expected = fails ? ErrorCode.KafkaStorageError : ErrorCode.NotLeaderOrFollower;
        Assert.Equal(Enumerable.Range(0, (2 * Steps) + 1), broker.Appends.Tokens);
        Assert.All(broker.Appends.All.Take(durable), append => Assert.Equal(ErrorCode.None, append.Outcome.Error));
        if (publishedSteps < Steps) Assert.All(broker.Appends.All.Skip(durable), append => Assert.Equal(expected, append.Outcome.Error));
        else Assert.NotEqual(ErrorCode.None, broker.Appends.Last.Error);
        Assert.Equal(new Offset(durable), handle.HighWatermark);
    }

    public static TheoryData<int, bool> EndsAtEveryStep()
    {
        var data = new TheoryData<int, bool>();
        for (var step = 0; step <= 6; step++)
        {
            data.Add(step, true);
            data.Add(step, false);
        }

        return data;
    }

    // Written, and the write succeeded, but nobody was told yet: it is durable, so it is published before the end.
    [Fact]
    public void What_was_written_before_the_end_is_answered_with_success()
    {
        using var broker = new MemoryBroker();
        var handle = broker.Open();
        broker.Append(handle, new BatchBuilder().Record("a"));
        broker.Lane.Write();
        broker.Append(handle, new BatchBuilder().Record("b"));

        broker.Lane.Abort();

        Assert.Equal([ErrorCode.None, ErrorCode.NotLeaderOrFollower], broker.Appends.Errors);
        Assert.Equal(new Offset(1), handle.HighWatermark);
    }

    [Fact]
    public void A_lost_frame_ends_the_handle_for_readers_and_waiters_too()
    {
        using var broker = new MemoryBroker();
        var handle = broker.Open();
        broker.AppendDurably(handle, 1);
        var woken = 0;
        var waiter = new FetchWaiter(1, _ => woken++);
        waiter.Watch(handle, new Offset(1));
        waiter.Start();
        broker.Append(handle, new BatchBuilder().Record("b"));
        broker.Lane.FailWrites();
        broker.Lane.Publish();

        using var frames = new FrameList();
        Assert.Equal(1, woken);
        Assert.Equal(ErrorCode.KafkaStorageError, Reading.Read(handle, Offset.Zero, frames).Error);
        Assert.False(handle.IsOwner);
        Assert.False(broker.Handles.TryGet(handle.Id, out _));
        waiter.Cancel();
    }

    // Rule B2: the lane knows of the closed epoch before the handle does.
    [Fact]
    public void A_closed_epoch_refuses_later_appends_and_lets_earlier_ones_finish()
    {
        using var broker = new MemoryBroker();
        var handle = broker.Open();
        broker.Append(handle, new BatchBuilder().Record("a"));
        broker.Lane.Lane.CloseEpoch(handle.Id, handle.Epoch);
        broker.Append(handle, new BatchBuilder().Record("b"));

        broker.Lane.Publish();

        Assert.Equal([1, 0], broker.Appends.Tokens);
        Assert.Equal([ErrorCode.NotLeaderOrFollower, ErrorCode.None], broker.Appends.Errors);
        Assert.False(handle.IsOwner);
    }

    private static void End(MemoryBroker broker, bool fails)
    {
        if (!fails)
        {
            broker.Lane.Abort();
            return;
        }

        // Where nothing is left to be written, nothing can fail before the next append is.
        broker.Lane.FailWrites();
        broker.Lane.Publish();
        if (broker.Lane.Lane.End is null) broker.Lane.Abort();
    }
}
