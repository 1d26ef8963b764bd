using OrleansStream.Coordination.Groups;
using OrleansStream.Model.Errors;

namespace OrleansStream.Coordination.Tests.Groups;

public class HeartbeatTests
{
    private readonly TestGroup _group = new();

    [Fact]
    public void A_heartbeat_keeps_the_session_alive()
    {
        var member = _group.Stable(1)[0];
        for (var i = 0; i < 5; i++)
        {
            _group.Advance(TimeSpan.FromSeconds(9));
            Assert.Equal(ErrorCode.None, _group.Heartbeat(member, 1));
        }
    }

    [Fact]
    public void Unknown_groups_members_and_generations_are_refused()
    {
        Assert.Equal(ErrorCode.UnknownMemberId, _group.Heartbeat("m", 1));
        var member = _group.Stable(1)[0];

        Assert.Equal(ErrorCode.UnknownMemberId, _group.Heartbeat("m", 1));
        Assert.Equal(ErrorCode.IllegalGeneration, _group.Heartbeat(member, 2));
        _group.Leave(new Coordination.Groups.Requests.LeavingMember(member, null));
        Assert.Equal(ErrorCode.UnknownMemberId, _group.Heartbeat(member, 2));
    }

    [Fact]
    public void A_pending_member_is_not_known_yet()
    {
        var id = _group.Join(TestGroup.JoinRequest()).Answer.MemberId;

        Assert.Equal(ErrorCode.UnknownMemberId, _group.Heartbeat(id, 0));
    }

    [Fact]
    public void A_rebalance_answers_27_and_refreshes_the_session()
    {
        var members = _group.Stable(2);
        _group.Join(TestGroup.JoinRequest(members[0]));
        for (var i = 0; i < 4; i++)
        {
            Assert.Equal(ErrorCode.RebalanceInProgress, _group.Heartbeat(members[1], 1));
            _group.Advance(TimeSpan.FromSeconds(9));
        }

        Assert.Equal(2, _group.Group.Describe().Members.Count);
    }

    [Fact]
    public void While_the_assignment_is_awaited_a_heartbeat_is_fine()
    {
        var join = _group.JoinNew();
        _group.Advance(TimeSpan.FromSeconds(3));

        Assert.Equal(GroupState.CompletingRebalance, _group.Group.State);
        Assert.Equal(ErrorCode.None, _group.Heartbeat(join.Answer.MemberId, 1));
    }

    [Fact]
    public void A_group_that_moves_away_says_so_to_everybody_who_waits_or_comes()
    {
        var members = _group.Stable(2);
        var join = _group.Join(TestGroup.JoinRequest(members[0]));
        _group.Group.Close(ErrorCode.NotCoordinator);
        _group.Drain();

        Assert.Equal(ErrorCode.NotCoordinator, join.Answer.Error);
        Assert.Equal(ErrorCode.NotCoordinator, _group.Heartbeat(members[1], 1));
        Assert.Null(_group.Group.NextDeadline);
    }
}
