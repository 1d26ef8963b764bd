namespace OrleansStream.Cluster.Tests.Histories;

/// <summary>A checker that finds nothing proves nothing: each promise is broken here once, by hand.</summary>
public sealed class HistoryCheckerTests
{
    private static readonly RecordName Other = new(MadeUpHistory.Once, 77);

    [Fact]
    public void A_clean_history_has_no_violations() => Assert.Empty(MadeUpHistory.Clean().Violations);

    [Fact]
    public void An_empty_history_has_no_violations() => Assert.Empty(HistoryChecker.Check(new History()));

    [Fact]
    public void What_clients_remarked_at_once_is_in_the_verdict()
    {
        var history = MadeUpHistory.Clean();
        history.Of.Remarks.Enqueue(new(ViolationKind.ClientFailed, "fatal"));

        Assert.Equal([ViolationKind.ClientFailed], history.Found);
    }

    [Fact]
    public void An_acknowledged_record_that_is_nowhere_is_lost() =>
        Finds(ViolationKind.LostWrite, history => history.Acknowledge((MadeUpHistory.Once, 3), 9, at: 7));

    [Fact]
    public void An_acknowledged_record_in_whose_place_another_stands_is_lost() =>
        Finds(ViolationKind.LostWrite, history => history.Acknowledge((MadeUpHistory.Once, 3), 8, at: 7));

    [Fact]
    public void An_acknowledged_record_in_a_partition_that_holds_nothing_is_lost()
    {
        var history = MadeUpHistory.Clean();
        history.Of.Appends.Enqueue(new(new(MadeUpHistory.Once, 0), 1, AppendOutcome.Acknowledged, 0, TimeSpan.Zero, TimeSpan.Zero));

        Assert.Equal([ViolationKind.LostWrite], history.Found);
    }

    // By a later one's acknowledgement, which names its own offset alone.
    [Fact]
    public void A_record_of_an_idempotent_producer_may_be_acknowledged_without_an_offset() =>
        Assert.Empty(MadeUpHistory.Clean().Store(2, (MadeUpHistory.Idempotent, 3)).ReadRest().Acknowledge((MadeUpHistory.Idempotent, 3), -1001, at: 7).Violations);

    [Fact]
    public void A_record_that_was_acknowledged_without_an_offset_and_is_nowhere_is_lost() =>
        Finds(ViolationKind.LostWrite, history => history.Acknowledge((MadeUpHistory.Idempotent, 3), -1001, at: 7));

    [Fact]
    public void A_record_that_was_acknowledged_without_an_offset_stands_behind_what_was_acknowledged_before() =>
        Finds(ViolationKind.Reordered, history => history.Store(2, (MadeUpHistory.Idempotent, 3), (MadeUpHistory.Once, 3)).ReadRest()
            .Acknowledge((MadeUpHistory.Once, 3), 10, at: 7).Acknowledge((MadeUpHistory.Idempotent, 3), -1001, at: 9));

    [Fact]
    public void Another_producer_s_record_is_not_acknowledged_without_an_offset() =>
        Finds(ViolationKind.TwoRecordsAtOneOffset, history => history.Store(2, (MadeUpHistory.Once, 3)).ReadRest().Acknowledge((MadeUpHistory.Once, 3), -1001, at: 7));

    [Fact]
    public void Two_acknowledgements_of_one_offset_name_two_records() =>
        Finds(ViolationKind.TwoRecordsAtOneOffset, history => history.Store(2, (MadeUpHistory.AskingBroker2, 1)).ReadRest().Acknowledge((MadeUpHistory.AskingBroker2, 1), 8, at: 7));

    [Fact]
    public void A_reader_that_saw_another_record_at_an_offset_tells_of_it() =>
        Finds(ViolationKind.TwoRecordsAtOneOffset, history => history.Show(history.Begin("late", MadeUpHistory.Group, 7), 9, Other, 2, at: 8), store: 1);

    [Fact]
    public void A_record_that_was_shown_and_is_not_there_at_the_end_is_found() =>
        Finds(ViolationKind.ShownAndGone, history => history.Show(history.Begin("late", MadeUpHistory.Group, 7), 9, Other, 2, at: 8));

    [Theory]
    [InlineData(MadeUpHistory.Idempotent, 2)]
    [InlineData(MadeUpHistory.Once, 2)]
    public void A_record_that_is_there_twice_is_found(int producer, int sequence) =>
        Finds(ViolationKind.Duplicate, history => history.Store(2, (producer, sequence)).ReadRest());

    [Fact]
    public void A_record_of_a_producer_without_a_client_is_found_twice_in_another_epoch_too() =>
        Finds(ViolationKind.Duplicate, history => history.Store(3, (MadeUpHistory.AskingBroker2, 0)).ReadRest());

    // Its client takes what waits for a broker that is gone from Metadata for not stored.
    [Fact]
    public void A_record_of_a_plain_producer_may_be_there_once_more_where_its_partition_changed_its_owner() =>
        Assert.Empty(MadeUpHistory.Clean().Store(3, (MadeUpHistory.Once, 2)).ReadRest().Violations);

    [Fact]
    public void A_producer_that_sends_again_may_be_there_twice() =>
        Assert.Empty(MadeUpHistory.Clean().Store(2, (MadeUpHistory.AtLeastOnce, 0)).ReadRest().Violations);

    [Fact]
    public void A_record_of_an_idempotent_producer_behind_a_later_one_is_found() =>
        Finds(ViolationKind.Reordered, history => history.Store(2, (MadeUpHistory.Idempotent, 4), (MadeUpHistory.Idempotent, 3)).ReadRest());

    [Theory]
    [InlineData(MadeUpHistory.Once)]
    [InlineData(MadeUpHistory.AskingBroker2)]
    public void A_record_that_was_acknowledged_before_another_was_offered_and_stands_behind_it_is_found(int other) =>
        Finds(ViolationKind.Reordered, history => history.Store(2, (other, 4), (MadeUpHistory.Once, 3)).ReadRest()
            .Acknowledge((MadeUpHistory.Once, 3), 10, at: 7).Acknowledge((other, 4), 9, at: 8));

    // The old leader refused the first one when the new one had taken the second: librdkafka sends it again and counts no retry.
    [Fact]
    public void A_record_of_a_plain_producer_may_stand_behind_one_that_was_offered_before_its_acknowledgement() =>
        Assert.Empty(MadeUpHistory.Clean().Store(2, (MadeUpHistory.Once, 4), (MadeUpHistory.Once, 3)).ReadRest()
            .Acknowledge((MadeUpHistory.Once, 3), 10, at: 7).Acknowledge((MadeUpHistory.Once, 4), 9, at: 7).Violations);

    // It was sent to a broker that stood still and appended it when it woke; nobody had promised anything.
    [Fact]
    public void A_record_of_unknown_fate_may_come_late() =>
        Assert.Empty(MadeUpHistory.Clean().Store(2, (MadeUpHistory.Once, 1)).ReadRest().Violations);

    // Whoever hears so sends it again, and then it would be there twice.
    [Theory]
    [InlineData(MadeUpHistory.Once)]
    [InlineData(MadeUpHistory.AskingBroker1)]
    public void A_record_that_was_refused_and_is_there_is_found(int producer) =>
        Finds(ViolationKind.RefusedAndStored, history => history.Store(2, (producer, 3)).ReadRest().Answer(AppendOutcome.Refused, (producer, 3), at: 7));

    // It was sent again after that, and once more.
    [Fact]
    public void A_record_of_a_producer_that_sends_again_may_be_refused_and_there() =>
        Assert.Empty(MadeUpHistory.Clean().Answer(AppendOutcome.Refused, (MadeUpHistory.AtLeastOnce, 0), at: 7).Violations);

    [Fact]
    public void A_gap_in_the_records_of_an_idempotent_producer_is_found() =>
        Finds(ViolationKind.MissingSequence, history => history.Store(2, (MadeUpHistory.Idempotent, 4)).ReadRest());

    [Theory]
    [InlineData(AppendOutcome.Refused)]
    [InlineData(AppendOutcome.Unknown)]
    public void An_idempotent_producer_does_not_give_up(object outcome) =>
        Finds(ViolationKind.GivenUp, history => history.Answer((AppendOutcome)outcome, (MadeUpHistory.Idempotent, 3), at: 7));

    [Fact]
    public void A_record_of_nobody_is_found() => Finds(ViolationKind.ForeignRecord, history => history.Store(2, (99, 0)).ReadRest());

    [Fact]
    public void A_hole_in_the_log_is_found() =>
        Finds(ViolationKind.HoleInLog, history => history.Change(log => log.Add(new(10, new(MadeUpHistory.Once, 3), 2))), also: ViolationKind.NeverRead);

    [Fact]
    public void A_log_that_does_not_begin_at_0_is_found() =>
        Assert.Contains(ViolationKind.HoleInLog, MadeUpHistory.Clean().Change(log => log.RemoveAt(0)).Found);

    [Fact]
    public void An_epoch_that_is_lower_than_one_before_it_is_found() => Finds(ViolationKind.EpochWentBack, history => history.Store(1, (MadeUpHistory.Once, 3)).ReadRest());

    [Fact]
    public void A_record_that_was_shown_in_another_epoch_is_found() =>
        Finds(ViolationKind.EpochWentBack, history => history.Show(history.Begin("late", MadeUpHistory.Group, 7), 9, new(MadeUpHistory.Once, 100), 1, at: 8), store: 1);

    [Fact]
    public void Two_brokers_that_acknowledge_in_one_epoch_are_found() =>
        Finds(ViolationKind.TwoOwnersInOneEpoch, history => history.Store(2, (MadeUpHistory.AskingBroker1, 1)).ReadRest().Acknowledge((MadeUpHistory.AskingBroker1, 1), 9, at: 7));

    [Fact]
    public void Brokers_may_follow_each_other_in_epochs_of_their_own() =>
        Assert.Empty(MadeUpHistory.Clean().Store(3, (MadeUpHistory.AskingBroker1, 1)).ReadRest().Acknowledge((MadeUpHistory.AskingBroker1, 1), 9, at: 7).Violations);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void An_offset_that_a_reader_is_handed_again_is_found(long offset)
    {
        var history = MadeUpHistory.Clean();
        var reading = history.Begin("again", null, 7);
        history.Show(reading, 0, new(MadeUpHistory.Idempotent, 0), 1, at: 8).Show(reading, 1, new(MadeUpHistory.Once, 0), 1, at: 8);
        history.Show(reading, offset, offset == 0 ? new(MadeUpHistory.Idempotent, 0) : new(MadeUpHistory.Once, 0), 1, at: 9);

        Assert.Equal([ViolationKind.PollWentBack, ViolationKind.NeverRead], history.Found);
    }

    [Fact]
    public void An_offset_that_a_reader_is_not_handed_is_found() =>
        Finds(ViolationKind.SkippedPoll, history => history.Read("again", null, 7, from: 1, to: 8), also: ViolationKind.NeverRead);

    [Fact]
    public void A_member_that_is_not_handed_an_offset_is_found()
    {
        var history = MadeUpHistory.Clean();
        var reading = history.Begin("member 3", MadeUpHistory.Group, 4);
        history.Show(reading, 4, new(MadeUpHistory.Idempotent, 2), 2, at: 5).Show(reading, 6, new(MadeUpHistory.Once, 2), 2, at: 5);

        Assert.Equal([ViolationKind.SkippedPoll], history.Found);
    }

    [Fact]
    public void A_member_that_begins_above_every_commit_is_found()
    {
        var history = new MadeUpHistory().Store(1, (MadeUpHistory.Once, 0), (MadeUpHistory.Once, 1));

        history.Read("member 1", MadeUpHistory.Group, began: 0, from: 1, to: 1);

        Assert.Equal([ViolationKind.SkippedPoll, ViolationKind.NeverRead], history.Found);
    }

    [Fact]
    public void A_member_that_begins_below_an_acknowledged_commit_is_found() =>
        Finds(ViolationKind.CommittedOffsetWentBack, history => history.Read("member 3", MadeUpHistory.Group, began: 7, from: 8, to: 8));

    [Fact]
    public void A_member_may_begin_at_a_commit_that_nobody_heard_of() =>
        Assert.Empty(MadeUpHistory.Clean().Read("member 3", MadeUpHistory.Group, began: 4, from: 6, to: 8).Violations);

    [Fact]
    public void A_commit_below_an_acknowledged_one_is_found() => Finds(ViolationKind.CommittedOffsetWentBack, history => history.Commit(8, isAcknowledged: true, at: 7));

    [Theory]
    [InlineData(8)]
    [InlineData(-1)]
    public void A_committed_offset_that_is_answered_lower_than_before_is_found(long offset) => Finds(ViolationKind.CommittedOffsetWentBack, history => history.See(offset, at: 7));

    [Fact]
    public void Nothing_committed_is_a_good_answer_before_the_first_commit() => Assert.Empty(MadeUpHistory.Clean().See(-1, at: 1).Violations);

    [Fact]
    public void A_committed_offset_that_nobody_committed_is_found() => Finds(ViolationKind.CommittedOffsetFromNowhere, history => history.See(10, at: 7));

    [Fact]
    public void A_record_that_a_group_never_read_is_found() => Finds(ViolationKind.NeverRead, history => history.Store(2, (MadeUpHistory.Once, 3)));

    [Fact]
    public void A_reader_that_was_never_given_a_partition_is_found()
    {
        var history = MadeUpHistory.Clean();
        history.Of.Readers["idle"] = true;

        Assert.Equal([ViolationKind.NeverRead], history.Found);
    }

    private static void Finds(ViolationKind kind, Action<MadeUpHistory> breaking, int store = 0, ViolationKind? also = null)
    {
        var history = MadeUpHistory.Clean();
        for (var index = 0; index < store; index++) history.Store(2, (MadeUpHistory.Once, 100 + index)).ReadRest();

        breaking(history);

        Assert.Equal(also is { } other ? [kind, other] : [kind], history.Found);
    }
}
