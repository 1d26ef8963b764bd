using OrleansStream.Coordination.Groups;
using OrleansStream.Coordination.Groups.Journal;
using OrleansStream.Coordination.Groups.Requests;
using OrleansStream.Model.Errors;

namespace OrleansStream.Coordination.Tests.Groups;

public class CommitTests
{
    private readonly TestGroup _group = new();

    [Fact]
    public void A_consumer_without_a_group_creates_a_simple_group()
    {
        Assert.Equal(ErrorCode.None, _group.Commit(5).Answer.Error);

        Assert.Equal(5, _group.Committed());
        var listing = Assert.NotNull(_group.Group.List());
        Assert.Equal(("", GroupState.Empty), (listing.ProtocolType, listing.State));
    }

    [Fact]
    public void An_unknown_group_refuses_generations_as_the_version_understands()
    {
        var request = new CommitRequest { MemberId = "m", Generation = 1, Offsets = [TestGroup.Offset(0, 1), TestGroup.Offset(1, 1)] };

        var answer = _group.Commit(request).Answer;
        Assert.Equal(ErrorCode.GroupIdNotFound, answer.Error);
        Assert.Equal([ErrorCode.GroupIdNotFound, ErrorCode.GroupIdNotFound], answer.Partitions);
        Assert.Equal(ErrorCode.IllegalGeneration, _group.Commit(request with { KnowsGroupNotFound = false }).Answer.Error);
    }

    [Fact]
    public void A_member_of_the_current_generation_may_commit()
    {
        var member = _group.Stable(1)[0];

        Assert.Equal(ErrorCode.None, _group.Commit(5, member, 1).Answer.Error);
        Assert.Equal(ErrorCode.UnknownMemberId, _group.Commit(6, "m", 1).Answer.Error);
        Assert.Equal(ErrorCode.IllegalGeneration, _group.Commit(6, member, 2).Answer.Error);
        Assert.Equal(5, _group.Committed());
    }

    [Fact]
    public void Nobody_commits_from_outside_while_there_are_members()
    {
        _group.Stable(1);

        Assert.Equal(ErrorCode.UnknownMemberId, _group.Commit(5).Answer.Error);
    }

    [Fact]
    public void An_empty_group_takes_commits_from_outside()
    {
        var member = _group.Stable(1)[0];
        _group.Leave(new LeavingMember(member, null));

        Assert.Equal(ErrorCode.None, _group.Commit(5).Answer.Error);
        Assert.Equal(ErrorCode.UnknownMemberId, _group.Commit(5, member, 1).Answer.Error);
    }

    [Fact]
    public void While_the_assignment_is_awaited_commits_hear_27()
    {
        var join = _group.JoinNew();
        _group.Advance(TimeSpan.FromSeconds(3));

        Assert.Equal(ErrorCode.RebalanceInProgress, _group.Commit(5, join.Answer.MemberId, 1).Answer.Error);
    }

    [Fact]
    public void A_rebalance_takes_commits_and_they_keep_the_session_alive()
    {
        var members = _group.Stable(2);
        _group.Join(TestGroup.JoinRequest(members[0]));
        for (var i = 0; i < 4; i++)
        {
            Assert.Equal(ErrorCode.None, _group.Commit(i, members[1], 1).Answer.Error);
            _group.Advance(TimeSpan.FromSeconds(9));
        }

        Assert.Equal(2, _group.Group.Describe().Members.Count);
    }

    [Fact]
    public void A_commit_keeps_the_session_of_a_stable_member_alive()
    {
        var member = _group.Stable(1)[0];
        for (var i = 0; i < 4; i++)
        {
            Assert.Equal(ErrorCode.None, _group.Commit(i, member, 1).Answer.Error);
            _group.Advance(TimeSpan.FromSeconds(9));
        }
    }

    [Fact]
    public void Too_long_a_text_spoils_its_partition_only()
    {
        var offsets = new[] { TestGroup.Offset(0, 1) with { Metadata = new string('x', 4097) }, TestGroup.Offset(1, 2) with { Metadata = new string('x', 4096) } };
        var answer = _group.Commit(new CommitRequest { Offsets = offsets }).Answer;

        Assert.Equal((ErrorCode.None, 2), (answer.Error, answer.Partitions.Count));
        Assert.Equal([ErrorCode.OffsetMetadataTooLarge, ErrorCode.None], answer.Partitions);
        Assert.Null(_group.Committed(0));
        Assert.Equal(2, _group.Committed(1));
    }

    [Fact]
    public void A_commit_of_which_nothing_is_accepted_creates_no_group()
    {
        _group.Commit(new CommitRequest { Offsets = [TestGroup.Offset(0, 1) with { Metadata = new string('x', 4097) }] });

        Assert.Null(_group.Group.List());
        Assert.Empty(_group.Journal);
    }

    [Fact]
    public void Null_metadata_is_stored_as_the_empty_text_and_the_rest_as_sent()
    {
        _group.Commit(new CommitRequest { Offsets = [TestGroup.Offset(0, 3) with { LeaderEpoch = new(4) }] });
        var committed = Assert.IsType<CommittedOffset>(_group.Group.CommittedOffset(TestGroup.Partition(0)));

        Assert.Equal(("", 4, "t", _group.Now.ToUnixTimeMilliseconds()), (committed.Metadata, committed.LeaderEpoch.Value, committed.TopicName, committed.CommitTimestampMs));
    }

    [Fact]
    public void A_commit_is_neither_answered_nor_visible_before_it_is_durable()
    {
        _group.PersistsAtOnce = false;
        var commit = _group.Commit(5);
        Assert.True(commit.IsParked);
        Assert.Null(_group.Committed());

        _group.PersistNext();
        Assert.False(commit.IsParked);
        Assert.Equal(5, _group.Committed());
    }

    [Fact]
    public void Commits_take_effect_in_their_order_whatever_order_they_are_reported_in()
    {
        _group.PersistsAtOnce = false;
        var first = _group.Commit(5);
        var second = _group.Commit(6);
        _group.Group.OnPersisted(2, _group.Now);
        _group.Drain();
        Assert.True(first.IsParked && second.IsParked);

        _group.Group.OnPersisted(1, _group.Now);
        _group.Drain();
        Assert.Equal(6, _group.Committed());
    }

    [Theory]
    [InlineData(ErrorCode.NotLeaderOrFollower, ErrorCode.NotCoordinator)]
    [InlineData(ErrorCode.RequestTimedOut, ErrorCode.CoordinatorNotAvailable)]
    [InlineData(ErrorCode.MessageTooLarge, ErrorCode.InvalidCommitOffsetSize)]
    [InlineData(ErrorCode.CorruptMessage, ErrorCode.CoordinatorNotAvailable)]
    public void A_failed_commit_hears_a_coordinators_code_and_leaves_nothing(ErrorCode journal, ErrorCode expected)
    {
        _group.PersistsAtOnce = false;
        var commit = _group.Commit(5);
        _group.FailNext(journal);

        Assert.Equal((expected, expected), (commit.Answer.Error, commit.Answer.Partitions[0]));
        Assert.Null(_group.Committed());
        Assert.Null(_group.Group.List());
    }

    [Fact]
    public void A_group_keeps_no_more_offsets_than_the_limit_but_old_ones_move_on()
    {
        var group = new TestGroup(new GroupOptions { MaxOffsets = 2 });
        group.Commit(new CommitRequest { Offsets = [TestGroup.Offset(0, 1), TestGroup.Offset(1, 1)] });
        var answer = group.Commit(new CommitRequest { Offsets = [TestGroup.Offset(2, 9), TestGroup.Offset(1, 9)] }).Answer;

        Assert.Equal([ErrorCode.InvalidCommitOffsetSize, ErrorCode.None], answer.Partitions);
    }

    [Fact]
    public void Commits_in_flight_count_against_the_limit()
    {
        var group = new TestGroup(new GroupOptions { MaxOffsets = 1 }) { PersistsAtOnce = false };
        group.Commit(1);
        var answer = group.Commit(new CommitRequest { Offsets = [TestGroup.Offset(1, 9)] }).Answer;

        Assert.Equal([ErrorCode.InvalidCommitOffsetSize], answer.Partitions);
    }

    [Fact]
    public void An_unknown_group_or_partition_has_no_offset_and_that_is_no_error()
    {
        Assert.Null(_group.Group.CommittedOffset(TestGroup.Partition(0)));
        Assert.Empty(_group.Group.CommittedOffsets());
        _group.Commit(5);

        Assert.Null(_group.Committed(1));
        Assert.Null(_group.Group.CommittedOffset(new(new(new Guid(9, 9, 9, new byte[8])), 0)));
        Assert.Equal([TestGroup.Partition(0)], _group.Group.CommittedOffsets().Select(offset => offset.Partition));
    }
}
