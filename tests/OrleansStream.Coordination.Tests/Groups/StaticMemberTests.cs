using OrleansStream.Coordination.Groups;
using OrleansStream.Coordination.Groups.Requests;
using OrleansStream.Model.Errors;

namespace OrleansStream.Coordination.Tests.Groups;

public class StaticMemberTests
{
    private readonly TestGroup _group = new();

    private string[] StableStatic(params string[] instances)
    {
        var joins = instances.Select(instance => _group.Join(TestGroup.JoinRequest(instanceId: instance))).ToArray();
        _group.Advance(TimeSpan.FromSeconds(3 * (instances.Length + 1)));
        return _group.SyncAll([.. joins.Select(join => join.Answer)]);
    }

    [Fact]
    public void A_static_member_is_admitted_without_the_id_step_and_named_after_its_instance()
    {
        var join = _group.Join(TestGroup.JoinRequest(instanceId: "i1"));
        _group.Advance(TimeSpan.FromSeconds(3));

        Assert.StartsWith("i1-", join.Answer.MemberId);
        Assert.Equal("i1", Assert.Single(join.Answer.Members).InstanceId);
    }

    [Fact]
    public void A_returning_static_follower_gets_its_place_back_without_a_rebalance()
    {
        var members = StableStatic("i1", "i2");
        var answer = _group.Join(TestGroup.JoinRequest(instanceId: "i2")).Answer;

        Assert.Equal((ErrorCode.None, 1, members[0]), (answer.Error, answer.Generation, answer.LeaderId));
        Assert.False(answer.SkipAssignment);
        Assert.NotEqual(members[1], answer.MemberId);
        Assert.Equal([1], _group.Sync(answer.MemberId, 1).Answer.Assignment);
        Assert.Equal(GroupState.Stable, _group.Group.State);
    }

    [Fact]
    public void The_old_id_of_a_returned_static_member_is_fenced_everywhere()
    {
        var old = StableStatic("i1", "i2")[1];
        _group.Join(TestGroup.JoinRequest(instanceId: "i2"));

        Assert.Equal(ErrorCode.FencedInstanceId, _group.Heartbeat(old, 1, "i2"));
        Assert.Equal(ErrorCode.FencedInstanceId, _group.Join(TestGroup.JoinRequest(old, "i2")).Answer.Error);
        Assert.Equal(ErrorCode.FencedInstanceId, _group.Sync(new SyncRequest { MemberId = old, InstanceId = "i2", Generation = 1 }).Answer.Error);
        Assert.Equal(ErrorCode.FencedInstanceId, _group.Leave(new LeavingMember(old, "i2")).Members[0].Error);
        var commit = new CommitRequest { MemberId = old, InstanceId = "i2", Generation = 1, Offsets = [TestGroup.Offset(0, 1)] };
        Assert.Equal(ErrorCode.FencedInstanceId, _group.Commit(commit).Answer.Error);
    }

    [Fact]
    public void A_returning_static_leader_is_told_to_skip_the_assignment()
    {
        StableStatic("i1", "i2");
        var answer = _group.Join(TestGroup.JoinRequest(instanceId: "i1")).Answer;

        Assert.Equal((true, answer.MemberId, 2), (answer.SkipAssignment, answer.LeaderId, answer.Members.Count));
    }

    [Fact]
    public void Before_version_9_a_returning_static_leader_hears_the_old_leader_id()
    {
        var members = StableStatic("i1", "i2");
        var answer = _group.Join(TestGroup.JoinRequest(instanceId: "i1") with { CanSkipAssignment = false }).Answer;

        Assert.Equal((false, members[0], 0), (answer.SkipAssignment, answer.LeaderId, answer.Members.Count));
    }

    [Fact]
    public void The_new_id_is_durable_before_it_is_told()
    {
        StableStatic("i1", "i2");
        _group.PersistsAtOnce = false;
        var join = _group.Join(TestGroup.JoinRequest(instanceId: "i2"));
        Assert.True(join.IsParked);

        _group.PersistNext();
        Assert.Equal(ErrorCode.None, _group.Reload().Heartbeat(join.Answer.MemberId, 1, "i2"));
    }

    [Fact]
    public void If_the_new_id_cannot_be_stored_the_old_one_stays()
    {
        var members = StableStatic("i1", "i2");
        _group.PersistsAtOnce = false;
        var join = _group.Join(TestGroup.JoinRequest(instanceId: "i2"));
        _group.FailNext(ErrorCode.NotLeaderOrFollower);

        Assert.Equal(ErrorCode.NotCoordinator, join.Answer.Error);
        Assert.Equal(ErrorCode.None, _group.Heartbeat(members[1], 1, "i2"));
    }

    [Fact]
    public void A_return_that_is_overtaken_by_a_rebalance_is_answered_with_it()
    {
        var members = StableStatic("i1", "i2");
        _group.PersistsAtOnce = false;
        var join = _group.Join(TestGroup.JoinRequest(instanceId: "i2"));
        var leader = _group.Join(TestGroup.JoinRequest(members[0], "i1"));
        _group.PersistNext();

        Assert.Equal((2, 2), (join.Answer.Generation, leader.Answer.Generation));
    }

    [Fact]
    public void A_return_that_is_stored_while_a_rebalance_waits_for_others_stays_parked_and_counts_as_rejoined()
    {
        var members = StableStatic("i1", "i2", "i3");
        _group.PersistsAtOnce = false;
        var join = _group.Join(TestGroup.JoinRequest(instanceId: "i2"));
        _group.Join(TestGroup.JoinRequest(members[0], "i1"));
        _group.PersistNext();
        Assert.True(join.IsParked);

        _group.Join(TestGroup.JoinRequest(members[2], "i3"));
        Assert.Equal(2, join.Answer.Generation);
    }

    [Fact]
    public void A_return_that_changes_the_choice_of_protocol_rebalances()
    {
        StableStatic("i1");
        var join = _group.Join(TestGroup.JoinRequest(instanceId: "i1") with { Protocols = [TestGroup.Protocol("sticky"), TestGroup.Protocol("range")] });

        Assert.Equal((2, "sticky"), (join.Answer.Generation, join.Answer.ProtocolName));
    }

    [Fact]
    public void A_return_while_the_assignment_is_awaited_rebalances()
    {
        var first = _group.Join(TestGroup.JoinRequest(instanceId: "i1"));
        var second = _group.Join(TestGroup.JoinRequest(instanceId: "i2"));
        _group.Advance(TimeSpan.FromSeconds(9));
        var sync = _group.Sync(second.Answer.MemberId, 1);
        var returned = _group.Join(TestGroup.JoinRequest(instanceId: "i2"));

        Assert.Equal(ErrorCode.FencedInstanceId, sync.Answer.Error);
        Assert.True(returned.IsParked);
        Assert.Equal(ErrorCode.RebalanceInProgress, _group.Heartbeat(first.Answer.MemberId, 1));
    }

    [Fact]
    public void A_parked_join_is_fenced_by_the_next_life_of_its_instance()
    {
        var first = _group.Join(TestGroup.JoinRequest(instanceId: "i1"));
        var second = _group.Join(TestGroup.JoinRequest(instanceId: "i1"));
        Assert.Equal(ErrorCode.FencedInstanceId, first.Answer.Error);

        _group.Advance(TimeSpan.FromSeconds(6));
        Assert.Single(second.Answer.Members);
    }

    [Fact]
    public void An_unknown_instance_with_a_member_id_is_refused()
    {
        StableStatic("i1");

        Assert.Equal(ErrorCode.UnknownMemberId, _group.Join(TestGroup.JoinRequest("m", "i9")).Answer.Error);
        Assert.Equal(ErrorCode.UnknownMemberId, _group.Heartbeat("m", 1, "i9"));
    }

    [Fact]
    public void A_static_member_that_does_not_rejoin_stays_until_its_session_ends()
    {
        var joins = new[] { "i1", "i2" }.Select(instance => _group.Join(TestGroup.JoinRequest(instanceId: instance) with { SessionTimeout = TimeSpan.FromMinutes(20) })).ToArray();
        _group.Advance(TimeSpan.FromSeconds(9));
        var members = _group.SyncAll([.. joins.Select(join => join.Answer)]);
        var leader = _group.Join(TestGroup.JoinRequest(members[0], "i1"));
        _group.Advance(TestGroup.RebalanceTimeout);

        Assert.Equal((2, 2), (leader.Answer.Generation, leader.Answer.Members.Count));
    }

    [Fact]
    public void An_administrator_removes_a_static_member_by_its_instance()
    {
        var members = StableStatic("i1", "i2");
        var left = Assert.Single(_group.Leave(new LeavingMember("", "i2")).Members);

        Assert.Equal(ErrorCode.None, left.Error);
        Assert.Equal(ErrorCode.UnknownMemberId, _group.Heartbeat(members[1], 1, "i2"));
        Assert.Equal(ErrorCode.RebalanceInProgress, _group.Heartbeat(members[0], 1, "i1"));
    }
}
