using OrleansStream.Coordination.Groups;
using OrleansStream.Coordination.Groups.Memory;
using OrleansStream.Coordination.Groups.Requests;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;

namespace OrleansStream.Coordination.Tests.Groups;

/// <summary>What the groups of a broker may hold together, and who hears what when they do. The random schedules check the sums.</summary>
public class GroupBudgetTests
{
    private static readonly GroupOptions Options = new() { InitialRebalanceDelay = TimeSpan.Zero };

    [Fact]
    public void Large_members_of_many_groups_are_refused_once_the_budget_is_full()
    {
        var budget = new GroupBudget(256 * 1024 * 1024);
        var groups = Enumerable.Range(0, 80).Select(i => new TestGroup(id: $"g{i}", budget: budget)).ToList();

        var joins = groups.ConvertAll(group => group.Join(Static(4_000_000)));

        Assert.Equal(66, joins.Count(join => join.IsParked));
        Assert.All(joins.Where(join => !join.IsParked), join => Assert.Equal(ErrorCode.GroupMaxSizeReached, join.Answer.Error));
        Assert.Equal((66, 66), (budget.Held.Groups, budget.Held.Members));
        Assert.InRange(budget.Held.Bytes, 66 * 4_000_000L, budget.MaxBytes);
    }

    [Fact]
    public void A_member_that_leaves_makes_room_for_another_group()
    {
        var budget = new GroupBudget(30_000);
        var (first, second) = (new TestGroup(Options, budget: budget), new TestGroup(Options, "other", budget: budget));
        var member = first.Join(Static(10_000));
        Assert.Equal(ErrorCode.GroupMaxSizeReached, second.Join(Static(10_000)).Answer.Error);
        Assert.Equal(GroupState.Dead, second.Group.State);

        first.Leave(new LeavingMember(member.Answer.MemberId, null));

        Assert.Equal(ErrorCode.None, second.Join(Static(10_000)).Answer.Error);
    }

    [Fact]
    public void An_id_is_not_handed_out_where_nobody_could_join_with_it()
    {
        var group = new TestGroup(budget: new GroupBudget(5_000));

        Assert.Equal(ErrorCode.GroupMaxSizeReached, group.Join(TestGroup.JoinRequest()).Answer.Error);
        Assert.Equal(default, group.Budget.Held);
    }

    // The others would wait for an id that does not come back.
    [Fact]
    public void Who_is_turned_away_does_not_hold_up_the_rebalance()
    {
        var group = new TestGroup(Options, budget: new GroupBudget(30_000));
        var member = group.Stable(1)[0];
        var id = group.Join(TestGroup.JoinRequest()).Answer.MemberId;
        var rejoin = group.Join(TestGroup.JoinRequest(member));
        Assert.True(rejoin.IsParked);

        Assert.Equal(ErrorCode.GroupMaxSizeReached, group.Join(TestGroup.JoinRequest(id) with { Protocols = [new("range", new byte[20_000])] }).Answer.Error);

        Assert.Equal(ErrorCode.None, rejoin.Answer.Error);
    }

    [Fact]
    public void A_member_may_come_back_with_what_it_had_but_not_with_more_when_the_budget_is_full()
    {
        var budget = new GroupBudget(40_000);
        var group = new TestGroup(Options, budget: budget);
        var member = group.Join(Static(1_000)).Answer.MemberId;
        group.SyncAll(group.Join(Static(1_000) with { MemberId = member }).Answer);
        Fill(budget);

        Assert.Equal(ErrorCode.GroupMaxSizeReached, group.Join(Static(1_001) with { MemberId = member }).Answer.Error);
        Assert.Equal(ErrorCode.None, group.Join(Static(1_000) with { MemberId = member }).Answer.Error);
        Assert.Equal(ErrorCode.GroupMaxSizeReached, group.Join(Static(1_001)).Answer.Error);
        Assert.Equal(ErrorCode.None, group.Join(Static(1_000)).Answer.Error);
    }

    [Fact]
    public void Assignments_without_room_fail_as_a_write_that_may_be_tried_again()
    {
        var budget = new GroupBudget(30_000);
        var group = new TestGroup(Options, budget: budget);
        var joined = group.Join(Static(100)).Answer;
        var sync = new SyncRequest { MemberId = joined.MemberId, Generation = joined.Generation, Assignments = [new(joined.MemberId, new byte[30_000])] };

        Assert.Equal(ErrorCode.CoordinatorNotAvailable, group.Sync(sync).Answer.Error);
        Assert.Empty(group.Journal);
        joined = group.Join(Static(100) with { MemberId = joined.MemberId }).Answer;

        Assert.Equal(ErrorCode.None, group.Sync(sync with { Generation = joined.Generation, Assignments = [new(joined.MemberId, new byte[10_000])] }).Answer.Error);
    }

    [Fact]
    public void A_commit_without_room_is_refused_for_the_partitions_that_need_more()
    {
        var budget = new GroupBudget(10_000);
        var group = new TestGroup(budget: budget);
        group.Commit(new CommitRequest { Offsets = [Offset(0, "1234"), Offset(1, "1234")] });
        Fill(budget);

        var answer = group.Commit(new CommitRequest { Offsets = [Offset(0, "5678"), Offset(1, "56789"), Offset(2, "")] }).Answer;

        Assert.Equal([ErrorCode.None, ErrorCode.InvalidCommitOffsetSize, ErrorCode.InvalidCommitOffsetSize], answer.Partitions);
        Assert.Equal(("5678", "1234"), (group.Group.CommittedOffset(TestGroup.Partition(0))!.Metadata, group.Group.CommittedOffset(TestGroup.Partition(1))!.Metadata));
    }

    [Fact]
    public void Offsets_that_expire_and_groups_that_are_deleted_give_everything_back()
    {
        var group = new TestGroup();
        group.Commit(5);
        group.Now += Options.OffsetsRetention;
        group.Group.ExpireOffsets(group.Now);
        group.Drain();
        Assert.Equal(default, group.Budget.Held);

        group.Commit(5);
        Assert.Equal((1, 1), (group.Budget.Held.Groups, group.Budget.Held.Offsets));
        group.Group.Delete(group.Now);
        group.Drain();
        Assert.Equal(default, group.Budget.Held);
    }

    [Fact]
    public void A_journal_is_loaded_however_full_the_budget_is()
    {
        var former = new TestGroup(Options);
        var member = former.Stable(1)[0];
        former.Commit(5, member, 1);
        var full = new GroupBudget(1_000);
        var group = new TestGroup(Options, journal: former.Journal, budget: full);

        Assert.True(full.Held.Bytes > full.MaxBytes);
        Assert.Equal((1, 1, 1), (full.Held.Groups, full.Held.Members, full.Held.Offsets));
        Assert.Equal(ErrorCode.None, group.Heartbeat(member, 1));
        Assert.Equal(ErrorCode.None, group.Commit(6, member, 1).Answer.Error);

        group.Group.Close(ErrorCode.NotCoordinator);
        Assert.Equal(default, full.Held);
    }

    // A subscription to very many topics with short names takes a multiple of its bytes.
    [Fact]
    public void Subscriptions_that_do_not_fit_stay_unknown_and_keep_their_offsets()
    {
        var topics = Enumerable.Range(0, 100).Select(i => $"{i}").ToArray();
        var roomy = new TestGroup(Options);
        var tight = new TestGroup(Options, budget: new GroupBudget(13_000));

        roomy.Stable(1, request => request with { Protocols = [TestGroup.Protocol("range", topics)] });
        tight.Stable(1, request => request with { Protocols = [TestGroup.Protocol("range", topics)] });

        Assert.False(roomy.Group.Contents.Standing.IsSubscribedTo("t"));
        Assert.True(tight.Group.Contents.Standing.IsSubscribedTo("t"));
    }

    private static JoinRequest Static(int bytes) => TestGroup.JoinRequest(instanceId: "i") with { Protocols = [new("range", new byte[bytes])] };

    private static OffsetToCommit Offset(int partition, string metadata) => TestGroup.Offset(partition, 1) with { Metadata = metadata };

    // Another group takes what is left.
    private static void Fill(GroupBudget budget) => budget.Add(new GroupSize(0, 0, 0, budget.MaxBytes - budget.Held.Bytes));
}
