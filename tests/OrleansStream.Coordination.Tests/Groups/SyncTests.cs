using OrleansStream.Coordination.Groups;
using OrleansStream.Coordination.Groups.Requests;
using OrleansStream.Model.Errors;

namespace OrleansStream.Coordination.Tests.Groups;

public class SyncTests
{
    private readonly TestGroup _group = new();

    private (JoinAnswer Leader, JoinAnswer Follower) Formed()
    {
        var first = _group.JoinNew();
        var second = _group.JoinNew();
        _group.Advance(TimeSpan.FromSeconds(6));
        return (first.Answer, second.Answer);
    }

    [Fact]
    public void Followers_wait_for_the_leader_and_everybody_gets_his_part()
    {
        var (leader, follower) = Formed();
        var waiting = _group.Sync(follower.MemberId, 1);
        Assert.True(waiting.IsParked);

        var answer = _group.Sync(leader.MemberId, 1, (leader.MemberId, 8), (follower.MemberId, 9)).Answer;
        Assert.Equal([8], answer.Assignment);
        Assert.Equal(("consumer", "range"), (answer.ProtocolType, answer.ProtocolName));
        Assert.Equal([9], waiting.Answer.Assignment);
        Assert.Equal(GroupState.Stable, _group.Group.State);
    }

    [Fact]
    public void A_member_that_the_leader_forgot_gets_an_empty_assignment_and_strangers_are_ignored()
    {
        var (leader, follower) = Formed();
        var waiting = _group.Sync(follower.MemberId, 1);
        _group.Sync(leader.MemberId, 1, (leader.MemberId, 8), ("stranger", 9));

        Assert.Empty(waiting.Answer.Assignment);
        Assert.Equal(ErrorCode.None, waiting.Answer.Error);
    }

    [Fact]
    public void No_assignment_is_given_before_it_is_durable()
    {
        var (leader, follower) = Formed();
        _group.PersistsAtOnce = false;
        var syncs = new[] { _group.Sync(follower.MemberId, 1), _group.Sync(leader.MemberId, 1) };
        Assert.All(syncs, sync => Assert.True(sync.IsParked));
        Assert.Equal(GroupState.CompletingRebalance, _group.Group.State);

        _group.PersistNext();
        Assert.All(syncs, sync => Assert.Equal(ErrorCode.None, sync.Answer.Error));
    }

    [Theory]
    [InlineData(ErrorCode.NotLeaderOrFollower, ErrorCode.NotCoordinator)]
    [InlineData(ErrorCode.KafkaStorageError, ErrorCode.NotCoordinator)]
    [InlineData(ErrorCode.RequestTimedOut, ErrorCode.CoordinatorNotAvailable)]
    [InlineData(ErrorCode.NotEnoughReplicas, ErrorCode.CoordinatorNotAvailable)]
    [InlineData(ErrorCode.MessageTooLarge, ErrorCode.UnknownServerError)]
    public void If_the_assignment_cannot_be_stored_all_hear_why_and_rebalance(ErrorCode journal, ErrorCode expected)
    {
        var (leader, follower) = Formed();
        _group.PersistsAtOnce = false;
        var syncs = new[] { _group.Sync(follower.MemberId, 1), _group.Sync(leader.MemberId, 1) };
        _group.FailNext(journal);

        Assert.All(syncs, sync => Assert.Equal(expected, sync.Answer.Error));
        Assert.Equal(GroupState.PreparingRebalance, _group.Group.State);
    }

    [Fact]
    public void An_assignment_of_a_generation_that_is_over_reaches_nobody()
    {
        var (leader, follower) = Formed();
        _group.PersistsAtOnce = false;
        var sync = _group.Sync(leader.MemberId, 1);
        _group.Join(TestGroup.JoinRequest(follower.MemberId) with { Protocols = [TestGroup.Protocol("range", "t")] });
        Assert.Equal(ErrorCode.RebalanceInProgress, sync.Answer.Error);

        _group.PersistNext();
        Assert.Equal(GroupState.PreparingRebalance, _group.Group.State);
    }

    [Fact]
    public void Assignments_may_not_be_larger_than_the_limit()
    {
        var group = new TestGroup(new GroupOptions { MaxAssignmentBytes = 10 });
        var join = group.JoinNew();
        group.Advance(TimeSpan.FromSeconds(3));
        var sync = group.Sync(new SyncRequest { MemberId = join.Answer.MemberId, Generation = 1, Assignments = [new(join.Answer.MemberId, new byte[11])] });

        Assert.Equal(ErrorCode.UnknownServerError, sync.Answer.Error);
        Assert.Equal(GroupState.PreparingRebalance, group.Group.State);
    }

    [Fact]
    public void A_leader_that_syncs_again_while_its_assignment_is_stored_takes_the_place_of_its_first_request()
    {
        var (leader, _) = Formed();
        _group.PersistsAtOnce = false;
        var first = _group.Sync(leader.MemberId, 1, (leader.MemberId, 1));
        var second = _group.Sync(leader.MemberId, 1, (leader.MemberId, 2));
        _group.PersistNext();

        Assert.Equal(ErrorCode.RebalanceInProgress, first.Answer.Error);
        Assert.Equal([1], second.Answer.Assignment);
        Assert.Empty(_group.Unreported);
    }

    [Fact]
    public void A_stable_group_returns_the_stored_assignment()
    {
        var members = _group.Stable(2);

        Assert.Equal([1], _group.Sync(members[1], 1).Answer.Assignment);
    }

    [Fact]
    public void Unknown_groups_members_generations_and_protocols_are_refused()
    {
        Assert.Equal(ErrorCode.UnknownMemberId, _group.Sync("m", 1).Answer.Error);
        var member = _group.Stable(1)[0];
        var request = new SyncRequest { MemberId = member, Generation = 1 };

        Assert.Equal(ErrorCode.UnknownMemberId, _group.Sync("m", 1).Answer.Error);
        Assert.Equal(ErrorCode.IllegalGeneration, _group.Sync(member, 2).Answer.Error);
        Assert.Equal(ErrorCode.IllegalGeneration, _group.Sync(member, 0).Answer.Error);
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, _group.Sync(request with { ProtocolType = "connect" }).Answer.Error);
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, _group.Sync(request with { ProtocolName = "sticky" }).Answer.Error);
        Assert.Equal(ErrorCode.None, _group.Sync(request with { ProtocolType = "consumer", ProtocolName = "range" }).Answer.Error);
    }

    [Fact]
    public void A_rebalance_refuses_syncs_with_27()
    {
        var members = _group.Stable(2);
        _group.Join(TestGroup.JoinRequest(members[0]));

        Assert.Equal(ErrorCode.RebalanceInProgress, _group.Sync(members[1], 1).Answer.Error);
    }

    [Fact]
    public void Members_that_do_not_sync_within_the_rebalance_timeout_are_removed()
    {
        var long1 = _group.JoinNew(request => request with { SessionTimeout = TimeSpan.FromMinutes(5) });
        var long2 = _group.JoinNew(request => request with { SessionTimeout = TimeSpan.FromMinutes(5) });
        _group.Advance(TimeSpan.FromSeconds(6));
        var sync = _group.Sync(long2.Answer.MemberId, 1);
        _group.Advance(TestGroup.RebalanceTimeout);

        Assert.Equal(ErrorCode.RebalanceInProgress, sync.Answer.Error);
        Assert.Equal(ErrorCode.UnknownMemberId, _group.Heartbeat(long1.Answer.MemberId, 1));
        Assert.Equal(ErrorCode.RebalanceInProgress, _group.Heartbeat(long2.Answer.MemberId, 1));
    }

    [Fact]
    public void A_member_that_never_syncs_is_removed_from_a_stable_group_too()
    {
        var joins = new[] { _group.JoinNew(request => request with { SessionTimeout = TimeSpan.FromMinutes(5) }), _group.JoinNew(request => request with { SessionTimeout = TimeSpan.FromMinutes(5) }) };
        _group.Advance(TimeSpan.FromSeconds(6));
        _group.Sync(joins[0].Answer.MemberId, 1);
        Assert.Equal(GroupState.Stable, _group.Group.State);
        _group.Advance(TestGroup.RebalanceTimeout);

        Assert.Equal(ErrorCode.UnknownMemberId, _group.Heartbeat(joins[1].Answer.MemberId, 1));
    }

    [Fact]
    public void The_session_starts_anew_when_the_assignment_is_given()
    {
        var (leader, follower) = Formed();
        _group.Advance(TimeSpan.FromSeconds(9));
        var waiting = _group.Sync(follower.MemberId, 1);
        _group.Heartbeat(leader.MemberId, 1);
        _group.Advance(TimeSpan.FromSeconds(9));
        _group.Sync(leader.MemberId, 1);
        Assert.False(waiting.IsParked);

        _group.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(ErrorCode.None, _group.Heartbeat(follower.MemberId, 1));
    }
}
