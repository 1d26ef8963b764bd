using OrleansStream.Coordination.Groups;
using OrleansStream.Coordination.Groups.Effects;
using OrleansStream.Coordination.Groups.Requests;
using OrleansStream.Model.Errors;

namespace OrleansStream.Coordination.Tests.Groups;

public class AdminTests
{
    private readonly TestGroup _group = new();

    private Waiting<DeleteGroupAnswer> Delete()
    {
        var waiting = new Waiting<DeleteGroupAnswer>(_group, _group.Group.Delete(_group.Now));
        _group.Drain();
        return waiting;
    }

    private Waiting<DeleteOffsetsAnswer> DeleteOffsets(params OffsetToDelete[] offsets)
    {
        var waiting = new Waiting<DeleteOffsetsAnswer>(_group, _group.Group.DeleteOffsets(offsets, _group.Now));
        _group.Drain();
        return waiting;
    }

    [Fact]
    public void An_unknown_group_is_described_as_dead_and_not_found()
    {
        var description = _group.Group.Describe();

        Assert.Equal((false, "Dead", 0), (description.Found, description.State.ToString(), description.Members.Count));
    }

    [Fact]
    public void A_stable_group_is_described_with_metadata_and_assignments()
    {
        var members = _group.Stable(2);
        var description = _group.Group.Describe();

        Assert.Equal((true, "Stable", "consumer", "range"), (description.Found, description.State.ToString(), description.ProtocolType, description.ProtocolName));
        var follower = Assert.Single(description.Members, member => member.MemberId == members[1]);
        Assert.Equal([1], follower.Assignment);
        Assert.Equal(TestGroup.Subscription(), follower.Metadata);
        Assert.Equal(("client", "/127.0.0.1"), (follower.ClientId, follower.ClientHost));
    }

    [Fact]
    public void Metadata_and_assignments_are_hidden_unless_the_group_is_stable()
    {
        var members = _group.Stable(2);
        _group.Join(TestGroup.JoinRequest(members[0]));
        var description = _group.Group.Describe();

        Assert.Equal(("PreparingRebalance", ""), (description.State.ToString(), description.ProtocolName));
        Assert.All(description.Members, member => Assert.Equal((0, 0), (member.Metadata.Length, member.Assignment.Length)));
    }

    [Fact]
    public void States_have_the_names_that_tools_show()
    {
        Assert.Equal(["Dead", "Empty", "PreparingRebalance", "CompletingRebalance", "Stable"], Enum.GetNames<GroupState>());
    }

    [Fact]
    public void A_group_is_listed_with_its_type()
    {
        Assert.Null(_group.Group.List());
        _group.Stable(1);

        Assert.Equal(new GroupListing("g", "consumer", GroupState.Stable), _group.Group.List());
        Assert.Equal("classic", GroupListing.Type);
    }

    [Fact]
    public void A_group_with_members_is_not_deleted()
    {
        _group.Stable(1);

        Assert.Equal(ErrorCode.NonEmptyGroup, Delete().Answer.Error);
    }

    [Fact]
    public void An_unknown_group_is_not_deleted()
    {
        Assert.Equal(ErrorCode.GroupIdNotFound, Delete().Answer.Error);
    }

    [Fact]
    public void An_empty_group_is_deleted_with_its_offsets()
    {
        var member = _group.Stable(1)[0];
        _group.Commit(1, member, 1);
        _group.Leave(new LeavingMember(member, null));

        Assert.Equal(ErrorCode.None, Delete().Answer.Error);
        Assert.Null(_group.Committed());
        Assert.Equal(ErrorCode.GroupIdNotFound, Delete().Answer.Error);
        Assert.Null(_group.Reload().Group.List());
        Assert.Single(_group.Stable(1));
    }

    [Fact]
    public void Until_the_deletion_is_durable_the_group_is_dead_and_comes_back_if_it_fails()
    {
        _group.Commit(1);
        _group.PersistsAtOnce = false;
        var delete = Delete();
        Assert.True(delete.IsParked);
        Assert.Equal(ErrorCode.CoordinatorNotAvailable, _group.Join(TestGroup.JoinRequest()).Answer.Error);
        Assert.Equal(ErrorCode.CoordinatorNotAvailable, _group.Commit(2).Answer.Error);
        Assert.Equal(ErrorCode.CoordinatorNotAvailable, _group.Heartbeat("m", 1));
        Assert.Equal(ErrorCode.CoordinatorNotAvailable, _group.Sync("m", 1).Answer.Error);
        Assert.Equal(ErrorCode.CoordinatorNotAvailable, _group.Leave(new LeavingMember("m", null)).Error);

        _group.FailNext(ErrorCode.NotLeaderOrFollower);
        Assert.Equal(ErrorCode.NotCoordinator, delete.Answer.Error);
        Assert.Equal((GroupState.Empty, 1L), (_group.Group.State, _group.Committed()!.Value));
    }

    [Fact]
    public void Offsets_of_an_unknown_group_are_not_deleted()
    {
        Assert.Equal(ErrorCode.GroupIdNotFound, DeleteOffsets(new OffsetToDelete(TestGroup.Partition(0), "t")).Answer.Error);
    }

    [Fact]
    public void Offsets_of_a_group_of_another_type_go_only_when_it_is_empty()
    {
        var member = _group.Stable(1, request => request with { ProtocolType = "connect" })[0];
        _group.Commit(1, member, 1);
        Assert.Equal(ErrorCode.NonEmptyGroup, DeleteOffsets(new OffsetToDelete(TestGroup.Partition(0), "t")).Answer.Error);

        _group.Leave(new LeavingMember(member, null));
        Assert.Equal(ErrorCode.None, DeleteOffsets(new OffsetToDelete(TestGroup.Partition(0), "t")).Answer.Error);
        Assert.Null(_group.Committed());
    }

    [Fact]
    public void Offsets_of_subscribed_topics_stay_and_absent_ones_are_no_error()
    {
        var member = _group.Stable(1, request => request with { Protocols = [TestGroup.Protocol("range", "t")] })[0];
        _group.Commit(new CommitRequest { MemberId = member, Generation = 1, Offsets = [TestGroup.Offset(0, 1), TestGroup.Offset(1, 1, "other")] });
        var answer = DeleteOffsets(new(TestGroup.Partition(0), "t"), new(TestGroup.Partition(1), "other"), new(TestGroup.Partition(2), "other")).Answer;

        Assert.Equal([ErrorCode.GroupSubscribedToTopic, ErrorCode.None, ErrorCode.None], answer.Partitions);
        Assert.Equal((1, null), (_group.Committed(0), _group.Committed(1)));
    }

    [Fact]
    public void A_report_for_a_write_that_is_not_in_flight_is_the_owners_mistake()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => _group.Group.OnPersisted(1, _group.Now));
    }

    [Fact]
    public void Nothing_to_do_is_said_without_allocating()
    {
        Assert.Same(GroupEffects.None, _group.Group.TakeEffects());
    }
}
