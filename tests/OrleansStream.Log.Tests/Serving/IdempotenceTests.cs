using OrleansStream.Log.Serving;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Records;
using OrleansStream.Testing.Serving;

namespace OrleansStream.Log.Tests.Serving;

// Pitfall 12: duplicates are answered with their first offset; gaps are refused; the window is five batches.
public sealed class IdempotenceTests
{
    [Fact]
    public void Pitfall_12_a_durable_duplicate_is_answered_at_once_with_its_first_offset()
    {
        using var broker = new MemoryBroker();
        var handle = broker.Open();
        broker.AppendDurably(handle, 3);
        broker.Append(handle, BatchOf(sequence: 0, records: 2));
        broker.Lane.Publish();

        broker.Append(handle, BatchOf(sequence: 0, records: 2));

        Assert.Equal(5, broker.Appends.All.Count);
        Assert.Equal(ErrorCode.None, broker.Appends.Last.Error);
        Assert.Equal(new Offset(3), broker.Appends.Last.BaseOffset);
        Assert.Equal(new Offset(5), handle.HighWatermark);
    }

    // Rule W2: another broker may have taken what is missing between here and there.
    [Fact]
    public void A_broker_that_stood_still_calls_no_sequence_out_of_order_before_it_knows_that_its_session_goes_on()
    {
        using var broker = new MemoryBroker();
        var handle = broker.Open();
        broker.Append(handle, BatchOf(sequence: 0));
        broker.Lane.Publish();

        broker.IsStalled = true;
        broker.Append(handle, BatchOf(sequence: 7));
        Assert.Equal(ErrorCode.NotLeaderOrFollower, broker.Appends.Last.Error);

        broker.IsStalled = false;
        broker.Append(handle, BatchOf(sequence: 7));
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, broker.Appends.Last.Error);
    }

    [Fact]
    public void Pitfall_12_duplicates_of_a_batch_in_flight_are_answered_when_it_is_durable()
    {
        using var broker = new MemoryBroker();
        var handle = broker.Open();
        broker.Append(handle, BatchOf(sequence: 0));
        broker.Append(handle, BatchOf(sequence: 1));
        broker.Append(handle, BatchOf(sequence: 0));
        broker.Append(handle, BatchOf(sequence: 0));
        Assert.Empty(broker.Appends.All);

        broker.Lane.Publish();

        Assert.Equal([0L, 0, 0, 1], broker.Appends.All.OrderBy(append => append.Outcome.BaseOffset).Select(append => append.Outcome.BaseOffset.Value));
        Assert.Equal(new Offset(2), handle.HighWatermark);
    }

    [Fact]
    public void A_duplicate_of_a_lost_batch_is_lost_with_it()
    {
        using var broker = new MemoryBroker();
        var handle = broker.Open();
        broker.Append(handle, BatchOf(sequence: 0));
        broker.Append(handle, BatchOf(sequence: 0));

        broker.Lane.Abort();

        Assert.Equal([ErrorCode.NotLeaderOrFollower, ErrorCode.NotLeaderOrFollower], broker.Appends.Errors);
    }

    [Fact]
    public void A_duplicate_of_a_batch_that_was_being_written_is_in_doubt_with_it()
    {
        using var broker = new MemoryBroker();
        var handle = broker.Open();
        broker.Append(handle, BatchOf(sequence: 0));
        broker.Append(handle, BatchOf(sequence: 0));
        broker.Lane.AbortInWrite();

        Assert.Equal([ErrorCode.RequestTimedOut, ErrorCode.RequestTimedOut], broker.Appends.Errors);
    }

    [Fact]
    public void A_duplicate_on_a_log_append_time_topic_has_the_time_of_the_original()
    {
        using var broker = new MemoryBroker();
        var handle = broker.Open(new PartitionSettings { LogAppendTime = true });
        broker.Append(handle, BatchOf(sequence: 0));
        broker.Lane.Publish();
        var stamped = broker.Appends.Last.LogAppendTimeMs;

        broker.Time.Advance(TimeSpan.FromSeconds(3));
        broker.Append(handle, BatchOf(sequence: 0));

        Assert.Equal(stamped, broker.Appends.Last.LogAppendTimeMs);
    }

    [Theory]
    [InlineData(4, ErrorCode.None)]
    [InlineData(5, ErrorCode.OutOfOrderSequenceNumber)]
    public void Pitfall_12_the_window_is_five_batches(int later, ErrorCode expected)
    {
        using var broker = new MemoryBroker();
        var handle = broker.Open();
        for (var sequence = 0; sequence <= later; sequence++) broker.Append(handle, BatchOf(sequence));
        broker.Lane.Publish();

        broker.Append(handle, BatchOf(sequence: 0));

        Assert.Equal(expected, broker.Appends.Last.Error);
    }

    [Fact]
    public void A_gap_is_refused_and_takes_no_offset()
    {
        using var broker = new MemoryBroker();
        var handle = broker.Open();
        broker.Append(handle, BatchOf(sequence: 0));
        broker.Append(handle, BatchOf(sequence: 2));
        broker.Append(handle, BatchOf(sequence: 1));
        broker.Lane.Publish();

        Assert.Equal([1, 0, 2], broker.Appends.Tokens);
        Assert.Equal([ErrorCode.OutOfOrderSequenceNumber, ErrorCode.None, ErrorCode.None], broker.Appends.Errors);
        Assert.Equal(new Offset(1), broker.Appends.Last.BaseOffset);
    }

    // Nothing happened: the same batch must be let in afterwards.
    [Fact]
    public void A_batch_that_found_no_disk_space_is_not_remembered()
    {
        using var broker = new MemoryBroker();
        var handle = broker.Open();
        broker.Lane.Store.Space = OrleansStream.Log.Lanes.EnqueueStatus.NoSpace;
        broker.Append(handle, BatchOf(sequence: 0));
        broker.Lane.Store.Space = OrleansStream.Log.Lanes.EnqueueStatus.Accepted;

        broker.Append(handle, BatchOf(sequence: 0));
        broker.Lane.Publish();

        Assert.Equal([ErrorCode.KafkaStorageError, ErrorCode.None], broker.Appends.Errors);
        Assert.Equal(new Offset(1), handle.HighWatermark);
    }

    private static BatchBuilder BatchOf(int sequence, int records = 1) => BatchBuilder.OfProducer(4711, 0, sequence).Records(records);
}
