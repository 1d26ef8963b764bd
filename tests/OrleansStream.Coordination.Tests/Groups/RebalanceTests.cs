using OrleansStream.Coordination.Groups;
using OrleansStream.Coordination.Groups.Requests;
using OrleansStream.Model.Errors;

namespace OrleansStream.Coordination.Tests.Groups;

public class RebalanceTests
{
    private readonly TestGroup _group = new();

    [Fact]
    public void The_first_rebalance_waits_the_initial_delay_and_not_longer_for_one_member()
    {
        var join = _group.JoinNew();
        _group.Advance(TimeSpan.FromMilliseconds(2_999));
        Assert.True(join.IsParked);

        _group.Advance(TimeSpan.FromMilliseconds(1));
        Assert.False(join.IsParked);
    }

    [Fact]
    public void Each_newcomer_extends_the_initial_delay_by_one_step()
    {
        var first = _group.JoinNew();
        _group.Advance(TimeSpan.FromSeconds(2));
        var second = _group.JoinNew();
        _group.Advance(TimeSpan.FromSeconds(3));
        Assert.True(first.IsParked && second.IsParked);

        _group.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal((1, 1), (first.Answer.Generation, second.Answer.Generation));
    }

    [Fact]
    public void The_initial_delay_grows_up_to_the_rebalance_timeout()
    {
        var first = _group.JoinNew(request => request with { RebalanceTimeout = TimeSpan.FromSeconds(7) });
        for (var second = 0; second < 7; second++)
        {
            Assert.True(first.IsParked);
            _group.JoinNew(request => request with { RebalanceTimeout = TimeSpan.FromSeconds(7) });
            _group.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.False(first.IsParked);
    }

    [Fact]
    public void Without_an_initial_delay_the_first_member_is_answered_at_once()
    {
        var group = new TestGroup(new GroupOptions { InitialRebalanceDelay = TimeSpan.Zero });

        Assert.False(group.JoinNew().IsParked);
    }

    [Fact]
    public void Only_the_leader_gets_the_member_list()
    {
        var first = _group.JoinNew();
        var second = _group.JoinNew();
        _group.Advance(TimeSpan.FromSeconds(6));

        Assert.Equal(first.Answer.MemberId, first.Answer.LeaderId);
        Assert.Equal([first.Answer.MemberId, second.Answer.MemberId], first.Answer.Members.Select(member => member.MemberId));
        Assert.Empty(second.Answer.Members);
        Assert.Equal(("consumer", "range"), (second.Answer.ProtocolType, second.Answer.ProtocolName));
    }

    [Fact]
    public void A_newcomer_starts_a_rebalance_that_ends_when_all_have_rejoined()
    {
        var members = _group.Stable(2);
        var newcomer = _group.JoinNew();
        Assert.Equal(GroupState.PreparingRebalance, _group.Group.State);

        var leader = _group.Join(TestGroup.JoinRequest(members[0]));
        Assert.True(leader.IsParked && newcomer.IsParked);
        var follower = _group.Join(TestGroup.JoinRequest(members[1]));

        Assert.All([leader, follower, newcomer], join => Assert.Equal(2, join.Answer.Generation));
        Assert.Equal(members[0], newcomer.Answer.LeaderId);
    }

    [Fact]
    public void A_rebalance_waits_for_pending_members()
    {
        var members = _group.Stable(1);
        var pending = _group.Join(TestGroup.JoinRequest()).Answer.MemberId;
        var leader = _group.Join(TestGroup.JoinRequest(members[0]));
        Assert.True(leader.IsParked);

        _group.Join(TestGroup.JoinRequest(pending));
        Assert.Equal(2, leader.Answer.Members.Count);
    }

    [Fact]
    public void A_pending_member_that_gives_up_no_longer_holds_the_rebalance()
    {
        var members = _group.Stable(1);
        _group.Join(TestGroup.JoinRequest());
        var leader = _group.Join(TestGroup.JoinRequest(members[0]));
        _group.Advance(TestGroup.Session);

        Assert.Equal(2, leader.Answer.Generation);
    }

    [Fact]
    public void Dynamic_members_that_do_not_rejoin_within_the_longest_rebalance_timeout_are_removed()
    {
        var members = _group.Stable(2, request => request with { SessionTimeout = TimeSpan.FromMinutes(10) });
        var leader = _group.Join(TestGroup.JoinRequest(members[0]));
        _group.Advance(TestGroup.RebalanceTimeout - TimeSpan.FromMilliseconds(1));
        Assert.True(leader.IsParked);

        _group.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal([members[0]], leader.Answer.Members.Select(member => member.MemberId));
        Assert.Equal(ErrorCode.UnknownMemberId, _group.Heartbeat(members[1], 2));
    }

    [Fact]
    public void Another_member_leads_if_the_leader_does_not_rejoin()
    {
        var members = _group.Stable(2, request => request with { SessionTimeout = TimeSpan.FromMinutes(10) });
        var follower = _group.Join(TestGroup.JoinRequest(members[1]) with { Protocols = [TestGroup.Protocol("range", "t")] });
        _group.Advance(TestGroup.RebalanceTimeout);

        Assert.Equal(members[1], follower.Answer.LeaderId);
        Assert.Single(follower.Answer.Members);
    }

    [Fact]
    public void The_protocol_that_most_members_prefer_among_those_all_offer_is_taken()
    {
        var preferences = new[] { "sticky,range,own1", "range,sticky", "range,sticky,own2" };
        var joins = preferences.Select(names => _group.JoinNew(request => request with { Protocols = [.. names.Split(',').Select(name => TestGroup.Protocol(name))] })).ToArray();
        _group.Advance(TimeSpan.FromSeconds(9));

        Assert.All(joins, join => Assert.Equal("range", join.Answer.ProtocolName));
    }

    [Fact]
    public void A_leader_that_rejoins_a_stable_group_always_rebalances()
    {
        var members = _group.Stable(1);

        Assert.Equal(2, _group.Join(TestGroup.JoinRequest(members[0])).Answer.Generation);
    }

    [Fact]
    public void A_follower_that_rejoins_unchanged_gets_the_current_generation()
    {
        var members = _group.Stable(2);
        var answer = _group.Join(TestGroup.JoinRequest(members[1])).Answer;

        Assert.Equal((1, members[0]), (answer.Generation, answer.LeaderId));
        Assert.Equal(GroupState.Stable, _group.Group.State);
    }

    // The second rebalance of the cooperative protocol is this: members that revoked rejoin with other metadata.
    [Fact]
    public void A_follower_that_rejoins_with_other_metadata_rebalances()
    {
        var members = _group.Stable(2);
        var follower = _group.Join(TestGroup.JoinRequest(members[1]) with { Protocols = [TestGroup.Protocol("range", "t")] });

        Assert.True(follower.IsParked);
        Assert.Equal(ErrorCode.RebalanceInProgress, _group.Heartbeat(members[0], 1));
    }

    [Fact]
    public void While_the_assignment_is_awaited_an_unchanged_join_is_answered_again()
    {
        var first = _group.JoinNew();
        var second = _group.JoinNew();
        _group.Advance(TimeSpan.FromSeconds(6));

        var leader = _group.Join(TestGroup.JoinRequest(first.Answer.MemberId)).Answer;
        var follower = _group.Join(TestGroup.JoinRequest(second.Answer.MemberId)).Answer;

        Assert.Equal((1, 2), (leader.Generation, leader.Members.Count));
        Assert.Equal((1, 0), (follower.Generation, follower.Members.Count));
    }

    [Fact]
    public void While_the_assignment_is_awaited_changed_metadata_rebalances_and_syncs_hear_27()
    {
        var first = _group.JoinNew();
        var second = _group.JoinNew();
        _group.Advance(TimeSpan.FromSeconds(6));
        var sync = _group.Sync(second.Answer.MemberId, 1);
        var rejoin = _group.Join(TestGroup.JoinRequest(first.Answer.MemberId) with { Protocols = [TestGroup.Protocol("range", "t")] });

        Assert.Equal(ErrorCode.RebalanceInProgress, sync.Answer.Error);
        Assert.True(rejoin.IsParked);
    }

    [Fact]
    public void A_session_stands_still_while_its_join_is_parked()
    {
        var members = _group.Stable(2, request => request with { SessionTimeout = TimeSpan.FromMinutes(1), RebalanceTimeout = TimeSpan.FromMinutes(3) });
        var parked = _group.Join(TestGroup.JoinRequest(members[0]) with { RebalanceTimeout = TimeSpan.FromMinutes(3) });
        for (var i = 0; i < 4; i++)
        {
            Assert.Equal(ErrorCode.RebalanceInProgress, _group.Heartbeat(members[1], 1));
            _group.Advance(TimeSpan.FromSeconds(40));
        }

        Assert.True(parked.IsParked);
        Assert.Equal(2, _group.Group.Describe().Members.Count);
    }

    [Fact]
    public void A_second_join_of_a_parked_member_takes_the_place_of_the_first()
    {
        var members = _group.Stable(2);
        var first = _group.Join(TestGroup.JoinRequest(members[0]));
        var second = _group.Join(TestGroup.JoinRequest(members[0]));

        Assert.Equal(ErrorCode.RebalanceInProgress, first.Answer.Error);
        Assert.True(second.IsParked);
    }

    [Fact]
    public void A_member_whose_session_ends_is_removed_and_the_others_rebalance()
    {
        var members = _group.Stable(2);
        _group.Advance(TimeSpan.FromSeconds(5));
        _group.Heartbeat(members[0], 1);
        _group.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal(ErrorCode.UnknownMemberId, _group.Heartbeat(members[1], 1));
        Assert.Equal(ErrorCode.RebalanceInProgress, _group.Heartbeat(members[0], 1));
    }

    [Fact]
    public void A_group_whose_last_member_goes_is_empty_in_a_new_generation()
    {
        _group.Stable(1);
        _group.Commit(7, _group.Group.Describe().Members[0].MemberId, 1);
        _group.Advance(TestGroup.Session);

        Assert.Equal((GroupState.Empty, 2), (_group.Group.State, _group.Group.Generation));
        Assert.Null(_group.Group.NextDeadline);
    }
}
