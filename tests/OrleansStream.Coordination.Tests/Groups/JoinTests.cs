using OrleansStream.Coordination.Groups;
using OrleansStream.Coordination.Groups.Requests;
using OrleansStream.Model.Errors;

namespace OrleansStream.Coordination.Tests.Groups;

public class JoinTests
{
    private readonly TestGroup _group = new();

    [Fact]
    public void A_dynamic_member_without_an_id_is_told_one_and_stays_pending()
    {
        var answer = _group.Join(TestGroup.JoinRequest()).Answer;

        Assert.Equal(ErrorCode.MemberIdRequired, answer.Error);
        Assert.StartsWith("client-", answer.MemberId);
        Assert.Equal(GroupState.Empty, _group.Group.State);
    }

    [Fact]
    public void A_pending_member_is_admitted_when_it_comes_again()
    {
        var join = _group.JoinNew();

        Assert.True(join.IsParked);
        Assert.Equal(GroupState.PreparingRebalance, _group.Group.State);
        _group.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal((ErrorCode.None, 1), (join.Answer.Error, join.Answer.Generation));
    }

    [Fact]
    public void A_pending_member_that_does_not_come_within_its_session_is_forgotten()
    {
        var id = _group.Join(TestGroup.JoinRequest()).Answer.MemberId;
        _group.Advance(TestGroup.Session);

        Assert.Equal(ErrorCode.UnknownMemberId, _group.Join(TestGroup.JoinRequest(id)).Answer.Error);
        Assert.Equal(GroupState.Dead, _group.Group.State);
    }

    [Fact]
    public void Before_version_4_a_member_is_admitted_without_an_id()
    {
        var join = _group.Join(TestGroup.JoinRequest() with { RequiresKnownMemberId = false });

        Assert.True(join.IsParked);
    }

    [Fact]
    public void Without_a_rebalance_timeout_the_session_timeout_counts()
    {
        var join = _group.Join(TestGroup.JoinRequest() with { RequiresKnownMemberId = false, RebalanceTimeout = null });
        _group.Advance(TimeSpan.FromSeconds(3));
        Assert.False(join.IsParked);

        Assert.Equal(_group.Now + TestGroup.Session, _group.Group.NextDeadline);
    }

    [Fact]
    public void The_empty_group_id_has_no_members_but_keeps_offsets_as_in_Kafka()
    {
        var group = new TestGroup(id: "");

        Assert.Equal(ErrorCode.InvalidGroupId, group.Join(TestGroup.JoinRequest()).Answer.Error);
        Assert.Equal(ErrorCode.InvalidGroupId, group.Heartbeat("m", 1));
        Assert.Equal(ErrorCode.InvalidGroupId, group.Sync("m", 1).Answer.Error);
        Assert.Equal(ErrorCode.InvalidGroupId, group.Leave(new LeavingMember("m", null)).Error);
        Assert.Equal(ErrorCode.None, group.Commit(1).Answer.Error);
        Assert.Equal(1, group.Committed());
        Assert.Equal(ErrorCode.InvalidGroupId, group.Group.DeleteOffsets([], group.Now).Answer!.Error);
        Assert.True(group.Group.Delete(group.Now).IsParked);
    }

    [Theory]
    [InlineData(5_999, ErrorCode.InvalidSessionTimeout)]
    [InlineData(6_000, ErrorCode.MemberIdRequired)]
    [InlineData(1_800_000, ErrorCode.MemberIdRequired)]
    [InlineData(1_800_001, ErrorCode.InvalidSessionTimeout)]
    public void A_session_timeout_has_bounds(int milliseconds, ErrorCode expected)
    {
        var request = TestGroup.JoinRequest() with { SessionTimeout = TimeSpan.FromMilliseconds(milliseconds) };

        Assert.Equal(expected, _group.Join(request).Answer.Error);
    }

    [Fact]
    public void An_unknown_group_knows_no_member_id()
    {
        var answer = _group.Join(TestGroup.JoinRequest("somebody")).Answer;

        Assert.Equal((ErrorCode.UnknownMemberId, "somebody"), (answer.Error, answer.MemberId));
        Assert.Null(_group.Group.List());
    }

    [Fact]
    public void An_unknown_member_id_is_refused_by_a_living_group()
    {
        _group.Stable(1);

        Assert.Equal(ErrorCode.UnknownMemberId, _group.Join(TestGroup.JoinRequest("somebody")).Answer.Error);
    }

    [Fact]
    public void A_full_group_refuses_newcomers_and_keeps_its_members()
    {
        var group = new TestGroup(new GroupOptions { MaxSize = 2 });
        var members = group.Stable(2);

        Assert.Equal(ErrorCode.GroupMaxSizeReached, group.Join(TestGroup.JoinRequest()).Answer.Error);
        Assert.Equal(ErrorCode.None, group.Join(TestGroup.JoinRequest(members[1])).Answer.Error);
    }

    [Fact]
    public void While_rebalancing_the_places_go_to_those_who_rejoined_first()
    {
        var group = new TestGroup(new GroupOptions { MaxSize = 1 });
        var first = group.JoinNew();

        Assert.Equal(ErrorCode.GroupMaxSizeReached, group.Join(TestGroup.JoinRequest()).Answer.Error);
        Assert.True(first.IsParked);
    }

    [Fact]
    public void Members_may_not_occupy_more_bytes_than_the_limit()
    {
        var group = new TestGroup(new GroupOptions { MaxMemberBytes = 4096 });
        var small = group.JoinNew();
        var large = group.JoinNew(request => request with { Protocols = [new("range", new byte[4000])] });

        Assert.Equal(ErrorCode.GroupMaxSizeReached, large.Answer.Error);
        Assert.True(small.IsParked);
    }

    [Fact]
    public void Ids_that_nobody_comes_back_with_are_bounded()
    {
        var group = new TestGroup(new GroupOptions { MaxPendingMembers = 2 });
        group.Join(TestGroup.JoinRequest());
        group.Join(TestGroup.JoinRequest());

        Assert.Equal(ErrorCode.CoordinatorNotAvailable, group.Join(TestGroup.JoinRequest()).Answer.Error);
    }

    [Theory]
    [InlineData("connect", "range")]
    [InlineData("consumer", "sticky")]
    public void A_member_must_share_type_and_a_protocol_with_the_others(string type, string protocol)
    {
        _group.Stable(1);
        var request = TestGroup.JoinRequest() with { ProtocolType = type, Protocols = [TestGroup.Protocol(protocol)] };

        Assert.Equal(ErrorCode.InconsistentGroupProtocol, _group.Join(request).Answer.Error);
    }

    [Fact]
    public void An_empty_group_accepts_any_type()
    {
        var members = _group.Stable(1);
        _group.Leave(new LeavingMember(members[0], null));

        Assert.True(_group.JoinNew(request => request with { ProtocolType = "connect" }).IsParked);
    }

    [Fact]
    public void A_member_must_offer_a_type_and_a_protocol()
    {
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, _group.Join(TestGroup.JoinRequest() with { ProtocolType = "" }).Answer.Error);
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, _group.Join(TestGroup.JoinRequest() with { Protocols = [] }).Answer.Error);
    }

    [Fact]
    public void The_parked_join_of_a_new_member_times_out_after_five_minutes()
    {
        var group = new TestGroup();
        group.Stable(1, request => request with { RebalanceTimeout = TimeSpan.FromMinutes(10), SessionTimeout = TimeSpan.FromMinutes(20) });
        var newcomer = group.JoinNew(request => request with { RebalanceTimeout = TimeSpan.FromMinutes(10) });
        group.Advance(TimeSpan.FromMinutes(5) - TimeSpan.FromMilliseconds(1));
        Assert.True(newcomer.IsParked);

        group.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal((ErrorCode.UnknownMemberId, ""), (newcomer.Answer.Error, newcomer.Answer.MemberId));
    }

    [Fact]
    public void A_very_long_client_id_gives_a_member_id_that_fits_the_protocol()
    {
        var answer = _group.Join(TestGroup.JoinRequest() with { ClientId = new string('x', 32_767) }).Answer;

        Assert.True(answer.MemberId.Length < 300);
    }

    [Fact]
    public void A_protocol_that_is_offered_twice_counts_once()
    {
        var join = _group.JoinNew(request => request with { Protocols = [TestGroup.Protocol("range"), TestGroup.Protocol("range", "t")] });
        _group.Advance(TimeSpan.FromSeconds(3));

        Assert.Equal("range", join.Answer.ProtocolName);
    }
}
