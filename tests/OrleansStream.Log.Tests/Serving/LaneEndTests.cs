using OrleansStream.Log.Blocks;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Records;
using OrleansStream.Testing.Serving;

namespace OrleansStream.Log.Tests.Serving;

public sealed class LaneEndTests
{
    // The lane ends after every possible number of published steps, by a failed write, in the middle of one, or by a fence before one. Whatever was answered
    // with success is a prefix, and is exactly what can be read; what was being written is in doubt, and what came too late for that is not stored.
    [Theory]
    [MemberData(nameof(EndsAtEveryStep))]
    public void What_was_answered_with_success_is_a_prefix_and_all_that_is_visible(int publishedSteps, LaneEnding ending)
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

        End(broker, ending);
        broker.Append(handle, new BatchBuilder().Record("too late"));

        var durable = 2 * publishedSteps;
        var expected = ending == LaneEnding.BeforeTheWrite ? ErrorCode.NotLeaderOrFollower : ErrorCode.RequestTimedOut;
        Assert.Equal(Enumerable.Range(0, (2 * Steps) + 1), broker.Appends.Tokens);
        Assert.All(broker.Appends.All.Take(durable), append => Assert.Equal(ErrorCode.None, append.Outcome.Error));
        Assert.All(broker.Appends.All.Skip(durable).SkipLast(1), append => Assert.Equal(expected, append.Outcome.Error));
        Assert.Equal(ending == LaneEnding.FailedWrite && publishedSteps < Steps ? ErrorCode.KafkaStorageError : ErrorCode.NotLeaderOrFollower, broker.Appends.Last.Error);
        Assert.Equal(new Offset(durable), handle.HighWatermark);
    }

    public static TheoryData<int, LaneEnding> EndsAtEveryStep()
    {
        var data = new TheoryData<int, LaneEnding>();
        for (var step = 0; step <= 6; step++)
        {
            foreach (var ending in Enum.GetValues<LaneEnding>()) data.Add(step, ending);
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

    // librdkafka takes the codes of a refusal for a promise that nothing was stored, and sends the batch again whatever its retries.
    [Fact]
    public void Pitfall_31_only_what_was_never_written_is_refused_and_the_rest_is_in_doubt_with_a_sentence()
    {
        using var broker = new MemoryBroker();
        var handle = broker.Open();
        broker.Append(handle, new BatchBuilder().Record("being written"));
        broker.Lane.AbortInWrite(() => broker.Append(handle, new BatchBuilder().Record("in the next block")));

        Assert.Equal([ErrorCode.RequestTimedOut, ErrorCode.NotLeaderOrFollower], broker.Appends.Errors);
        Assert.Contains("it may", broker.Appends.All[0].Outcome.Message, StringComparison.Ordinal);
        Assert.Null(broker.Appends.All[1].Outcome.Message);
        Assert.Equal(ErrorCode.NotLeaderOrFollower, handle.Closed);
    }

    private static void End(MemoryBroker broker, LaneEnding ending)
    {
        // Where nothing is left to be written, nothing can fail before the next append is.
        if (ending == LaneEnding.FailedWrite) broker.Lane.FailWrites();
        if (ending == LaneEnding.InTheWrite) broker.Lane.AbortInWrite();
        else if (ending == LaneEnding.FailedWrite) broker.Lane.Publish();
        if (broker.Lane.Lane.End is null) broker.Lane.Abort();
    }

    public enum LaneEnding
    {
        FailedWrite,
        InTheWrite,
        BeforeTheWrite,
    }
}
