using OrleansStream.Abstractions.Groups;
using OrleansStream.Grains.Groups;
using OrleansStream.Grains.Tests.Harness;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Dispatch;

namespace OrleansStream.Grains.Tests.Groups;

public sealed class GroupRuntimeTests
{
    [Fact]
    public async Task A_commit_is_answered_when_it_is_durable_and_not_before()
    {
        using var bench = new GroupBench();

        var asked = await bench.CommitAsync("g", GroupBench.Offset(5));
        Assert.True(asked.IsParked);
        Assert.Equal(-1, await bench.CommittedAsync("g"));
        bench.Log.Publish();
        var answer = await bench.AnswerAsync(asked);

        Assert.Equal((ErrorCode.None, ErrorCode.None), (answer.Error, Assert.Single(answer.Partitions)));
        Assert.Equal(5, await bench.CommittedAsync("g"));
        Assert.Equal(0, bench.Tickets.Count);
    }

    [Fact]
    public async Task Of_commits_that_nobody_waited_for_the_last_one_counts_also_after_a_restart()
    {
        using var bench = new GroupBench();
        Parkable<CommitAnswer>? last = null;
        for (var offset = 1; offset <= 50; offset++)
        {
            last = await bench.CommitAsync("g", GroupBench.Offset(offset));
            if (offset % 9 == 0) bench.Log.Publish();
        }

        bench.Log.Publish();
        await bench.AnswerAsync(last!);
        Assert.Equal(50, await bench.CommittedAsync("g"));
        bench.Log.TakeAway(GroupBench.JournalOf("g"));

        Assert.Equal(50, await bench.CommittedAsync("g"));
    }

    [Fact]
    public async Task A_join_is_answered_when_the_delay_is_over_and_a_sync_when_the_assignment_is_durable()
    {
        using var bench = new GroupBench();
        var join = await bench.JoinAsync("g");
        Assert.True(join.IsParked);
        bench.Log.Broker.Time.Advance(TimeSpan.FromSeconds(4));
        var joined = await bench.AnswerAsync(join);
        Assert.Equal((ErrorCode.None, 1), (joined.Error, joined.Generation));

        var sync = await bench.SyncAsync("g", joined.MemberId, joined.Generation, [7]);
        Assert.True(sync.IsParked);
        bench.Log.Publish();

        Assert.Equal([7], (await bench.AnswerAsync(sync)).Assignment);
    }

    [Fact]
    public async Task A_member_that_is_not_heard_of_is_gone_after_its_session()
    {
        using var bench = new GroupBench();
        await BecomeStableAsync(bench, "g");
        var group = await bench.GroupAsync("g");

        bench.Log.Broker.Time.Advance(TimeSpan.FromSeconds(11));

        await UntilAsync(bench, () => group.Query(static rules => rules.Describe().Members.Count == 0));
    }

    [Fact]
    public async Task A_parked_join_hears_NOT_COORDINATOR_when_the_lane_ends()
    {
        using var bench = new GroupBench();
        var join = await bench.JoinAsync("g");

        bench.Log.TakeAway(GroupBench.JournalOf("g"));

        Assert.Equal(ErrorCode.NotCoordinator, (await bench.AnswerAsync(join)).Error);

        // Whoever is answered may go on before the group has taken its deadline off.
        await Until.SoAsync(() => bench.Wheel.Count == 0);
    }

    [Fact]
    public async Task A_commit_that_the_lane_loses_is_never_answered_with_success()
    {
        using var bench = new GroupBench();
        await bench.GroupAsync("g");
        bench.Log.Broker.Lane.FailWrites();

        var asked = await bench.CommitAsync("g", GroupBench.Offset(5));
        bench.Log.Publish();

        Assert.True((await bench.AnswerAsync(asked)).Error is ErrorCode.NotCoordinator or ErrorCode.CoordinatorNotAvailable);
    }

    // Two groups that wait for each other's lock would both stand still for ever.
    [Fact]
    public async Task A_refusal_that_comes_at_once_takes_no_other_groups_lock_on_its_callers_stack()
    {
        using var bench = new GroupBench();
        var ids = GroupBench.Neighbours(2);
        foreach (var id in ids) await bench.DurableAsync(bench.CommitAsync(id, GroupBench.Offset(1)));
        var (group, other) = (await bench.GroupAsync(ids[0]), await bench.GroupAsync(ids[1]));
        bench.Log.Broker.Lane.Lane.CloseEpoch(GroupBench.JournalOf(ids[0]), default(LeaderEpoch));
        bench.Log.Journals.Options.SnapshotBytes = 1;
        using var entered = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        var holding = Task.Run(() => other.Query(_ =>
        {
            entered.Set();
            return release.Wait(TimeSpan.FromMinutes(1));
        }));
        entered.Wait(TestContext.Current.CancellationToken);

        var asked = group.Ask(
            GroupMessages.ToRules(new CommitRequest { Offsets = [GroupBench.Offset(2)] }), static (rules, commit, now) => rules.Commit(commit, now), GroupMessages.ToDto);
        release.Set();

        Assert.True(await holding);
        Assert.True((await bench.AnswerAsync(asked)).Error is ErrorCode.NotCoordinator or ErrorCode.CoordinatorNotAvailable);
    }

    [Fact]
    public async Task A_group_that_was_taken_away_comes_back_with_members_generation_and_offsets()
    {
        using var bench = new GroupBench();
        var member = await BecomeStableAsync(bench, "g");
        await bench.DurableAsync(bench.CommitAsync("other", GroupBench.Offset(3)));
        bench.Log.TakeAway(GroupBench.JournalOf("g"));

        var group = await bench.GroupAsync("g");

        var description = group.Query(static rules => rules.Describe());
        Assert.Equal(("Stable", 1, member), (description.State.ToString(), description.Generation, Assert.Single(description.Members).MemberId));
        Assert.Equal([7], description.Members[0].Assignment);
    }

    [Fact]
    public async Task Asking_for_groups_that_do_not_exist_leaves_nothing_behind()
    {
        using var bench = new GroupBench();
        var group = await bench.GroupAsync("nobody");
        Assert.Equal(ErrorCode.UnknownMemberId, group.Call(0, static (rules, _, now) => rules.Heartbeat(new() { MemberId = "m", Generation = 1 }, now)));

        group.RetireIfNothingIsLeft();

        Assert.NotSame(group, await bench.GroupAsync("nobody"));
        Assert.Throws<GroupRetiredException>(() => group.Call(0, static (_, _, _) => 0));
        group.Close(ErrorCode.NotCoordinator);
    }

    // Members and offsets keep a group, and so does a change that is on its way.
    [Fact]
    public async Task A_group_of_which_something_is_left_does_not_retire()
    {
        using var bench = new GroupBench();
        var joining = await bench.JoinAsync("joining");
        var committing = await bench.CommitAsync("committing", GroupBench.Offset(1));

        foreach (var id in new[] { "joining", "committing" })
        {
            var group = await bench.GroupAsync(id);
            Assert.False(group.TryRetire());
            Assert.Same(group, await bench.GroupAsync(id));
        }

        bench.Log.Publish();
        await bench.AnswerAsync(committing);
        Assert.False((await bench.GroupAsync("committing")).TryRetire());
        bench.Log.TakeAway(GroupBench.JournalOf("joining"));
        await bench.AnswerAsync(joining);
    }

    private static async Task<string> BecomeStableAsync(GroupBench bench, string groupId)
    {
        var join = await bench.JoinAsync(groupId);
        bench.Log.Broker.Time.Advance(TimeSpan.FromSeconds(4));
        var joined = await bench.AnswerAsync(join);
        await bench.DurableAsync(bench.SyncAsync(groupId, joined.MemberId, joined.Generation, [7]));
        return joined.MemberId;
    }

    // What follows a deadline runs on a thread of the pool, and its writes need the lane.
    private static async Task UntilAsync(GroupBench bench, Func<bool> condition)
    {
        while (!condition())
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            bench.Log.Publish();
            await Task.Yield();
        }
    }
}
