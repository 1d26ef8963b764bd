using OrleansStream.Coordination.Groups;
using OrleansStream.Coordination.Groups.Requests;
using OrleansStream.Model.Errors;

namespace OrleansStream.Coordination.Tests.Groups;

public class LeaveTests
{
    private readonly TestGroup _group = new();

    [Fact]
    public void A_leave_from_a_stable_group_starts_a_rebalance()
    {
        var members = _group.Stable(2);

        Assert.Equal(ErrorCode.None, _group.Leave(new LeavingMember(members[1], null)).Members[0].Error);
        Assert.Equal(ErrorCode.RebalanceInProgress, _group.Heartbeat(members[0], 1));
    }

    [Fact]
    public void A_list_is_answered_one_by_one()
    {
        var members = _group.Stable(2);
        var left = _group.Leave(new LeavingMember(members[0], null), new LeavingMember("m", null), new LeavingMember("", "i9"), new LeavingMember("", null), new LeavingMember(members[1], null));

        Assert.Equal([ErrorCode.None, ErrorCode.UnknownMemberId, ErrorCode.UnknownMemberId, ErrorCode.UnknownMemberId, ErrorCode.None], left.Members.Select(member => member.Error));
        Assert.Equal(GroupState.Empty, _group.Group.State);
    }

    [Fact]
    public void An_unknown_group_knows_nobody_who_could_leave()
    {
        Assert.Equal(ErrorCode.UnknownMemberId, _group.Leave(new LeavingMember("m", null)).Members[0].Error);
    }

    [Fact]
    public void A_pending_member_may_leave()
    {
        var id = _group.Join(TestGroup.JoinRequest()).Answer.MemberId;

        Assert.Equal(ErrorCode.None, _group.Leave(new LeavingMember(id, null)).Members[0].Error);
        Assert.Equal(ErrorCode.UnknownMemberId, _group.Join(TestGroup.JoinRequest(id)).Answer.Error);
    }

    [Fact]
    public void The_last_one_that_a_rebalance_waits_for_ends_it_by_leaving()
    {
        var members = _group.Stable(2);
        var join = _group.Join(TestGroup.JoinRequest(members[0]));
        _group.Leave(new LeavingMember(members[1], null));

        Assert.Equal(2, join.Answer.Generation);
    }

    [Fact]
    public void Who_leaves_while_its_request_is_parked_has_it_answered()
    {
        var members = _group.Stable(2);
        var join = _group.Join(TestGroup.JoinRequest(members[0]));
        _group.Leave(new LeavingMember(members[0], null));

        Assert.Equal(ErrorCode.UnknownMemberId, join.Answer.Error);
    }

    [Fact]
    public void A_leave_while_the_assignment_is_awaited_rebalances()
    {
        var first = _group.JoinNew();
        var second = _group.JoinNew();
        _group.Advance(TimeSpan.FromSeconds(6));
        var sync = _group.Sync(second.Answer.MemberId, 1);
        _group.Leave(new LeavingMember(first.Answer.MemberId, null));

        Assert.Equal(ErrorCode.RebalanceInProgress, sync.Answer.Error);
    }
}
