using OrleansStream.Coordination.Groups;
using OrleansStream.Model.Errors;

namespace OrleansStream.Coordination.Tests.Groups;

public class ReloadTests
{
    private readonly TestGroup _group = new();

    [Fact]
    public void A_stable_group_goes_on_with_members_assignments_and_offsets()
    {
        var members = _group.Stable(2);
        _group.Commit(5, members[0], 1);
        var reloaded = _group.Reload();

        Assert.Equal((GroupState.Stable, 1), (reloaded.Group.State, reloaded.Group.Generation));
        Assert.Equal(ErrorCode.None, reloaded.Heartbeat(members[0], 1));
        Assert.Equal([1], reloaded.Sync(members[1], 1).Answer.Assignment);
        Assert.Equal(5, reloaded.Committed());
        Assert.Equal(members[0], reloaded.Join(TestGroup.JoinRequest(members[1])).Answer.LeaderId);
    }

    [Fact]
    public void Sessions_start_afresh()
    {
        var member = _group.Stable(1)[0];
        _group.Now += TimeSpan.FromHours(1);
        var reloaded = _group.Reload();
        reloaded.Advance(TestGroup.Session - TimeSpan.FromMilliseconds(1));

        Assert.Equal(ErrorCode.None, reloaded.Heartbeat(member, 1));
    }

    [Fact]
    public void A_rebalance_that_was_under_way_is_forgotten_and_members_rejoin()
    {
        var members = _group.Stable(2);
        _group.Join(TestGroup.JoinRequest(members[0]));
        var reloaded = _group.Reload();

        Assert.Equal((GroupState.Stable, 1), (reloaded.Group.State, reloaded.Group.Generation));
        Assert.True(reloaded.Join(TestGroup.JoinRequest(members[0])).IsParked);
    }

    [Fact]
    public void A_group_that_is_larger_than_allowed_now_rebalances()
    {
        var members = _group.Stable(2);
        var smaller = new TestGroup(new GroupOptions { MaxSize = 1 }, journal: _group.Journal);

        Assert.Equal(GroupState.PreparingRebalance, smaller.Group.State);
        Assert.True(smaller.Join(TestGroup.JoinRequest(members[1])).IsParked);
        Assert.Equal(ErrorCode.GroupMaxSizeReached, smaller.Join(TestGroup.JoinRequest(members[0])).Answer.Error);
    }

    [Fact]
    public void A_snapshot_replaces_the_whole_journal()
    {
        var members = _group.Stable(2);
        _group.Commit(5, members[0], 1);
        var fromSnapshot = new TestGroup(journal: [_group.Group.Snapshot()]);

        Assert.Equal(ErrorCode.None, fromSnapshot.Heartbeat(members[1], 1));
        Assert.Equal(5, fromSnapshot.Committed());
    }

    [Fact]
    public void An_id_that_nothing_is_written_about_is_no_group()
    {
        Assert.Equal(GroupState.Dead, _group.Reload().Group.State);
    }
}
