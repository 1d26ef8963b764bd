using OrleansStream.Log.Producers;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Records;

namespace OrleansStream.Log.Tests.Producers;

public sealed class ProducerStatesTests
{
    private const long Now = 1_700_000_000_000;

    private readonly ProducerStates _states = new(new ProducerOptions());

    [Fact]
    public void Batches_without_a_producer_are_accepted_and_leave_nothing_behind()
    {
        var header = Batches.Header(id: -1, epoch: -1, sequence: -1, records: 3);
        Assert.Equal(ProducerDecision.Accept, _states.Check(header, Now).Decision);
        _states.Append(header, new Offset(10), Now, Now);
        Assert.Equal((0, new Offset(13)), (_states.Count, _states.CoveredEnd));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(77)]
    [InlineData(int.MaxValue)]
    public void An_unknown_producer_may_begin_with_any_sequence(int sequence) => Accepted(Batches.Header(sequence: sequence));

    [Theory]
    [InlineData(4, false)]
    [InlineData(5, true)]
    [InlineData(6, false)]
    [InlineData(0, false)]
    public void The_next_batch_must_begin_where_the_last_one_ended(int sequence, bool accepted)
    {
        Append(Batches.Header(sequence: 2, records: 3));
        var verdict = _states.Check(Batches.Header(sequence: sequence), Now);
        Assert.Equal(accepted ? ErrorCode.None : ErrorCode.OutOfOrderSequenceNumber, verdict.Error);
        Assert.Equal(accepted, verdict.Message is null);
    }

    [Fact]
    public void After_the_largest_sequence_comes_zero()
    {
        Append(Batches.Header(sequence: int.MaxValue - 1, records: 2));
        Accepted(Batches.Header(sequence: 0));
        Append(Batches.Header(sequence: 0));
        Accepted(Batches.Header(sequence: 1));
    }

    [Fact]
    public void A_batch_may_lie_across_the_largest_sequence_and_is_known_again()
    {
        var across = Batches.Header(sequence: int.MaxValue - 1, records: 5);
        Append(across);
        Assert.Equal(ProducerDecision.Duplicate, _states.Check(across, Now).Decision);
        Refused(Batches.Header(sequence: 4), ErrorCode.OutOfOrderSequenceNumber);
        Accepted(Batches.Header(sequence: 3));
    }

    [Fact]
    public void Any_of_the_last_five_batches_is_answered_with_its_old_offset_and_timestamp()
    {
        for (var i = 0; i < 6; i++) _states.Append(Batches.Header(sequence: 2 * i, records: 2), new Offset(100 + (10 * i)), Now + i, Now);

        Refused(Batches.Header(sequence: 0, records: 2), ErrorCode.OutOfOrderSequenceNumber);
        for (var i = 1; i < 6; i++)
        {
            var verdict = _states.Check(Batches.Header(sequence: 2 * i, records: 2), Now);
            Assert.Equal((ProducerDecision.Duplicate, ErrorCode.None), (verdict.Decision, verdict.Error));
            Assert.Equal((100 + (10 * i), Now + i, new Offset(102 + (10 * i))), (verdict.Original.BaseOffset, verdict.Original.Timestamp, verdict.DurableEnd));
        }
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(0, 3)]
    [InlineData(1, 1)]
    public void A_batch_that_overlaps_another_but_is_not_equal_is_no_duplicate(int sequence, int records)
    {
        Append(Batches.Header(sequence: 0, records: 2));
        Refused(Batches.Header(sequence: sequence, records: records), ErrorCode.OutOfOrderSequenceNumber);
    }

    [Fact]
    public void An_older_epoch_is_fenced_even_with_a_sequence_that_was_seen()
    {
        Append(Batches.Header(epoch: 3, sequence: 0));
        Refused(Batches.Header(epoch: 2, sequence: 0), ErrorCode.InvalidProducerEpoch);
        Refused(Batches.Header(epoch: 2, sequence: 1), ErrorCode.InvalidProducerEpoch);
    }

    [Fact]
    public void A_newer_epoch_begins_with_zero_and_forgets_the_batches_of_the_old_one()
    {
        Append(Batches.Header(epoch: 3, sequence: 0));
        Refused(Batches.Header(epoch: 4, sequence: 1), ErrorCode.OutOfOrderSequenceNumber);
        Append(Batches.Header(epoch: 4, sequence: 0, records: 2));
        Refused(Batches.Header(epoch: 4, sequence: 0), ErrorCode.OutOfOrderSequenceNumber);
        Accepted(Batches.Header(epoch: 4, sequence: 2));
    }

    // Seen on Kafka 4.3.1: a producer id with epoch -1 is taken.
    [Fact]
    public void Epoch_minus_one_is_followed_by_anything()
    {
        Append(Batches.Header(epoch: -1, sequence: 0));
        Accepted(Batches.Header(epoch: -1, sequence: 9));
        Accepted(Batches.Header(epoch: 5, sequence: 9));
    }

    [Fact]
    public void Checking_changes_nothing()
    {
        Append(Batches.Header(sequence: 0));
        for (var i = 0; i < 3; i++) Accepted(Batches.Header(sequence: 1));
        Assert.Equal((1, new Offset(1)), (_states.Count, _states.CoveredEnd));
    }

    [Fact]
    public void A_producer_is_forgotten_when_its_time_is_up_and_not_a_millisecond_before()
    {
        var states = new ProducerStates(new ProducerOptions { IdExpirationMs = 1000 });
        states.Append(Batches.Header(sequence: 0), Offset.Zero, Now, Now);

        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, states.Check(Batches.Header(sequence: 9), Now + 999).Error);
        Assert.Equal(0, states.RemoveExpired(Now + 999));
        Assert.Equal(ErrorCode.None, states.Check(Batches.Header(sequence: 9), Now + 1000).Error);
        Assert.Equal((1, 0), (states.RemoveExpired(Now + 1000), states.Count));
    }

    // Kafka counts from the records' timestamps, so that it forgets whoever copies old records within ten minutes.
    [Fact]
    public void Old_records_do_not_make_a_producer_old()
    {
        _states.Append(Batches.Header(sequence: 0), Offset.Zero, timestampMs: 5, Now);
        Assert.Equal(0, _states.RemoveExpired(Now + 1000));
    }

    [Fact]
    public void Only_those_that_were_silent_are_forgotten()
    {
        var states = new ProducerStates(new ProducerOptions { IdExpirationMs = 1000 });
        for (var id = 0; id < 10; id++) states.Append(Batches.Header(id: id), new Offset(id), Now, Now + id);
        states.Append(Batches.Header(id: 0, sequence: 1), new Offset(10), Now, Now + 50);

        Assert.Equal(4, states.RemoveExpired(Now + 1004));
        Assert.Equal(6, states.Count);
        Assert.Equal(ProducerDecision.Duplicate, states.Check(Batches.Header(id: 0), Now + 1004).Decision);
    }

    [Fact]
    public void One_producer_too_many_drives_out_the_one_that_was_silent_longest()
    {
        var states = new ProducerStates(new ProducerOptions { MaxPerPartition = 3 });
        for (var id = 0; id < 3; id++) states.Append(Batches.Header(id: id), new Offset(id), Now, Now);
        states.Append(Batches.Header(id: 0, sequence: 1), new Offset(3), Now, Now);
        Assert.Equal(3, states.Count);

        states.Append(Batches.Header(id: 99), new Offset(4), Now, Now);

        Assert.Equal(3, states.Count);
        Assert.Equal(ProducerDecision.Accept, states.Check(Batches.Header(id: 1), Now).Decision);
        foreach (var id in new[] { 0, 2, 99 }) Assert.Equal(ProducerDecision.Duplicate, states.Check(Batches.Header(id: id), Now).Decision);
    }

    [Fact]
    public void An_offset_below_what_is_known_is_a_fault_of_the_caller()
    {
        Append(Batches.Header(sequence: 0, records: 5));
        Assert.Throws<ArgumentOutOfRangeException>(() => _states.Append(Batches.Header(sequence: 5), new Offset(4), Now, Now));
    }

    [Fact]
    public void Appending_for_a_known_producer_allocates_nothing()
    {
        Append(Batches.Header(sequence: 0));
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 1; i <= 100; i++)
        {
            var header = Batches.Header(sequence: i);
            if (_states.Check(header, Now).Decision == ProducerDecision.Accept) _states.Append(header, _states.CoveredEnd, Now, Now);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(new Offset(101), _states.CoveredEnd);
    }

    private void Append(in RecordBatchHeader header)
    {
        Accepted(header);
        _states.Append(header, _states.CoveredEnd, Now, Now);
    }

    private void Accepted(in RecordBatchHeader header) => Assert.Equal((ProducerDecision.Accept, ErrorCode.None), (_states.Check(header, Now).Decision, _states.Check(header, Now).Error));

    private void Refused(in RecordBatchHeader header, ErrorCode expected)
    {
        var verdict = _states.Check(header, Now);
        Assert.Equal((ProducerDecision.Refuse, expected), (verdict.Decision, verdict.Error));
        Assert.False(string.IsNullOrEmpty(verdict.Message));
    }
}
