using OrleansStream.Coordination.Groups;
using OrleansStream.Coordination.Groups.Requests;
using OrleansStream.Model.Errors;

namespace OrleansStream.Coordination.Tests.Groups;

public class OffsetExpiryTests
{
    private static readonly TimeSpan Retention = TimeSpan.FromDays(7);
    private readonly TestGroup _group = new();

    private void Expire()
    {
        _group.Group.ExpireOffsets(_group.Now);
        _group.Drain();
    }

    private string StableMember(string topic) => _group.Stable(1, request => request with { SessionTimeout = TimeSpan.FromMinutes(30), Protocols = [TestGroup.Protocol("range", topic)] })[0];

    private void LiveThrough(TimeSpan time, string member)
    {
        for (var end = _group.Now + time; _group.Now < end;)
        {
            var step = end - _group.Now < TimeSpan.FromMinutes(20) ? end - _group.Now : TimeSpan.FromMinutes(20);
            _group.Advance(step);
            Assert.Equal(ErrorCode.None, _group.Heartbeat(member, _group.Group.Generation));
        }
    }

    [Fact]
    public void A_simple_groups_offsets_go_the_retention_after_their_commit_and_the_group_with_the_last()
    {
        _group.Commit(1);
        _group.Now += Retention - TimeSpan.FromMilliseconds(1);
        _group.Commit(new CommitRequest { Offsets = [TestGroup.Offset(1, 2)] });
        Expire();
        Assert.Equal(1, _group.Committed(0));

        _group.Now += TimeSpan.FromMilliseconds(1);
        Expire();
        Assert.Null(_group.Committed(0));
        Assert.Equal(2, _group.Committed(1));

        _group.Now += Retention;
        Expire();
        Assert.Equal(GroupState.Dead, _group.Group.State);
        Assert.Empty(_group.Reload().Group.CommittedOffsets());
    }

    [Fact]
    public void An_empty_groups_offsets_go_the_retention_after_it_became_empty()
    {
        var member = StableMember("t");
        _group.Commit(1, member, 1);
        LiveThrough(TimeSpan.FromDays(6), member);
        _group.Leave(new LeavingMember(member, null));
        _group.Now += Retention - TimeSpan.FromMilliseconds(1);
        Expire();
        Assert.Equal(1, _group.Committed());

        var reloaded = _group.Reload();
        reloaded.Now += TimeSpan.FromMilliseconds(1);
        reloaded.Group.ExpireOffsets(reloaded.Now);
        reloaded.Drain();
        Assert.Null(reloaded.Committed());
        Assert.Equal(GroupState.Dead, reloaded.Group.State);
    }

    [Fact]
    public void A_stable_groups_offsets_go_only_for_topics_that_nobody_subscribes_to()
    {
        var member = StableMember("t");
        _group.Commit(new CommitRequest { MemberId = member, Generation = 1, Offsets = [TestGroup.Offset(0, 1), TestGroup.Offset(1, 1, "other")] });
        LiveThrough(Retention, member);
        Expire();

        Assert.Equal(1, _group.Committed(0));
        Assert.Null(_group.Committed(1));
        Assert.Equal(GroupState.Stable, _group.Group.State);
    }

    [Fact]
    public void A_group_whose_metadata_is_no_subscription_keeps_its_offsets()
    {
        var member = _group.Stable(1, request => request with { SessionTimeout = TimeSpan.FromMinutes(30), Protocols = [new("range", [1, 2, 3])] })[0];
        _group.Commit(1, member, 1);
        LiveThrough(Retention, member);
        Expire();

        Assert.Equal(1, _group.Committed());
    }

    [Fact]
    public void A_group_of_another_type_keeps_its_offsets_while_it_has_members()
    {
        var member = _group.Stable(1, request => request with { SessionTimeout = TimeSpan.FromMinutes(30), ProtocolType = "connect" })[0];
        _group.Commit(1, member, 1);
        LiveThrough(Retention, member);
        Expire();

        Assert.Equal(1, _group.Committed());
    }

    [Fact]
    public void An_expiry_that_the_commit_asked_for_replaces_the_retention()
    {
        _group.Commit(new CommitRequest { Retention = TimeSpan.FromMinutes(1), Offsets = [TestGroup.Offset(0, 1)] });
        _group.Now += TimeSpan.FromMilliseconds(59_999);
        Expire();
        Assert.Equal(1, _group.Committed());

        _group.Now += TimeSpan.FromMilliseconds(1);
        Expire();
        Assert.Null(_group.Committed());
    }

    [Fact]
    public void An_offset_that_is_being_committed_again_does_not_expire()
    {
        _group.Commit(1);
        _group.Now += Retention;
        _group.PersistsAtOnce = false;
        _group.Commit(2);
        Expire();
        _group.PersistNext();

        Assert.Equal(2, _group.Committed());
        Assert.Empty(_group.Unreported);
    }

    [Fact]
    public void A_deleted_topic_takes_its_offsets_along_also_those_on_the_way()
    {
        var kept = new Model.Ids.PartitionId(new(new Guid(5, 5, 5, new byte[8])), 0);
        _group.Commit(new CommitRequest { Offsets = [TestGroup.Offset(0, 1), new(kept, "kept", new(3), Model.Ids.LeaderEpoch.None, null)] });
        _group.PersistsAtOnce = false;
        _group.Commit(new CommitRequest { Offsets = [TestGroup.Offset(1, 2)] });
        _group.Group.OnTopicDeleted(TestGroup.Topic, _group.Now);
        _group.Drain();
        _group.PersistNext();
        _group.PersistNext();

        Assert.Equal([kept], _group.Group.CommittedOffsets().Select(offset => offset.Partition));
    }
}
