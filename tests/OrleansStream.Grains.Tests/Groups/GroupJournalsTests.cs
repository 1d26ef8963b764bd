using OrleansStream.Abstractions.Groups;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Coordination.Groups;
using OrleansStream.Grains.Groups;
using OrleansStream.Grains.Tests.Harness;
using OrleansStream.Log.Journals;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains.Tests.Groups;

public sealed class GroupJournalsTests
{
    [Fact]
    public async Task A_journal_that_another_broker_owns_answers_NOT_COORDINATOR_and_one_that_cannot_be_read_15()
    {
        using var bench = new GroupBench();
        foreach (var (refusal, expected) in new[] { (ErrorCode.NotLeaderOrFollower, ErrorCode.NotCoordinator), (ErrorCode.KafkaStorageError, ErrorCode.CoordinatorNotAvailable) })
        {
            bench.Log.Refusal = refusal;
            Assert.Equal((null, expected), await bench.Journals.GetAsync("g"));
        }

        bench.Log.Refusal = ErrorCode.None;
        await bench.GroupAsync("g");
    }

    // Rule W2: another broker may have had the journal meanwhile, and what was committed there is not known here.
    [Fact]
    public async Task A_broker_that_stood_still_tells_nothing_of_groups_before_it_knows_that_its_session_goes_on()
    {
        using var bench = new GroupBench();
        await bench.DurableAsync(bench.CommitAsync("g", GroupBench.Offset(5)));
        var token = TestContext.Current.CancellationToken;

        bench.Log.Broker.IsStalled = true;

        Assert.Equal((null, ErrorCode.CoordinatorLoadInProgress), await bench.Journals.GetAsync("g"));
        Assert.Equal(ErrorCode.CoordinatorLoadInProgress, (await bench.Journals.ListAsync(token)).Error);
        await Assert.ThrowsAsync<TimeoutException>(async () => await bench.Journals.ExistsAsync("g", token));

        bench.Log.Broker.IsStalled = false;
        Assert.Equal(5, await bench.CommittedAsync("g"));
    }

    [Fact]
    public async Task All_groups_are_listed_whichever_journal_keeps_them()
    {
        using var bench = new GroupBench();
        string[] ids = [.. Enumerable.Range(0, 60).Select(number => $"g{number}")];
        foreach (var id in ids) await bench.DurableAsync(bench.CommitAsync(id, GroupBench.Offset(1)));
        await bench.GroupAsync("never a group");

        var listed = await bench.Journals.ListAsync(TestContext.Current.CancellationToken);

        Assert.Equal(ids.Order(StringComparer.Ordinal), listed.Groups.Select(group => group.GroupId).Order(StringComparer.Ordinal));
        Assert.True(await bench.Journals.ExistsAsync("g7", TestContext.Current.CancellationToken));
        Assert.False(await bench.Journals.ExistsAsync("never a group", TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Groups_of_all_journals_share_one_budget_and_what_goes_makes_room()
    {
        using var bench = new GroupBench(options: new GroupOptions { MaxBytes = 10_000 });
        Assert.NotEqual(GroupBench.JournalOf("g1"), GroupBench.JournalOf("g2"));
        Assert.Equal(ErrorCode.None, await CommitAsync(bench, "g1"));
        Assert.Equal(ErrorCode.None, await CommitAsync(bench, "g2"));
        Assert.Equal((2, 2), (bench.Parts.Budget.Held.Groups, bench.Parts.Budget.Held.Offsets));

        Assert.Equal(ErrorCode.InvalidCommitOffsetSize, await CommitAsync(bench, "g3"));
        Assert.Equal(ErrorCode.None, (await bench.DurableAsync(bench.DeleteAsync("g1"))).Error);

        Assert.Equal(ErrorCode.None, await CommitAsync(bench, "g3"));
        foreach (var id in new[] { "g2", "g3" }) await bench.DurableAsync(bench.DeleteAsync(id));
        Assert.Equal(default, bench.Parts.Budget.Held);
    }

    // What a broker takes over must be served: refused is only what is new.
    [Fact]
    public async Task A_journal_that_goes_gives_its_bytes_back_and_one_that_is_read_is_never_refused()
    {
        using var bench = new GroupBench(options: new GroupOptions { MaxBytes = 10_000 });
        await CommitAsync(bench, "g1");
        await CommitAsync(bench, "g2");
        var held = bench.Parts.Budget.Held;
        using var smaller = new GroupBench(bench.Log, new GroupOptions { MaxBytes = 5_000 });

        bench.Log.TakeAway(GroupBench.JournalOf("g1"));
        bench.Log.TakeAway(GroupBench.JournalOf("g2"));

        Assert.Equal(1, await smaller.CommittedAsync("g1"));
        Assert.Equal(1, await smaller.CommittedAsync("g2"));
        Assert.Equal(held, smaller.Parts.Budget.Held);
        Assert.True(held.Bytes > smaller.Parts.Budget.MaxBytes);
        Assert.Equal(ErrorCode.None, await CommitAsync(smaller, "g1"));
        Assert.Equal(ErrorCode.InvalidCommitOffsetSize, await CommitAsync(smaller, "g1", partition: 1));
        await UntilAsync(bench, () => Task.FromResult(bench.Parts.Budget.Held == default));
    }

    [Fact]
    public async Task Whoever_comes_to_a_group_of_a_journal_that_is_closed_takes_no_room()
    {
        using var bench = new GroupBench();
        await CommitAsync(bench, "g");
        Assert.True(bench.Log.Handles.TryGet(GroupBench.JournalOf("g"), out var handle));
        var held = bench.Parts.Budget.Held;
        var (journal, _) = await GroupJournal.LoadAsync(new JournalPartition(handle, bench.Log.Journals), bench.Parts, TestContext.Current.CancellationToken);
        Assert.NotEqual(held, bench.Parts.Budget.Held);
        journal!.Close();

        var late = journal.Get("comes late").Ask(new CommitRequest { Offsets = [GroupBench.Offset(1)] }, static (rules, commit, now) => rules.Commit(GroupMessages.ToRules(commit), now), GroupMessages.ToDto);

        Assert.Equal(ErrorCode.NotCoordinator, late.Answer!.Error);
        Assert.Equal(held, bench.Parts.Budget.Held);
    }

    // Its groups would take no answers and no clients, and their members would wait for ever.
    [Fact]
    public async Task A_journal_that_ends_while_it_is_read_is_closed_and_read_anew()
    {
        using var bench = new GroupBench();
        var journal = GroupBench.JournalOf("g");
        await bench.DurableAsync(bench.CommitAsync("g", GroupBench.Offset(5)));
        bench.Log.TakeAway(journal);
        bench.Log.Opened = handle =>
        {
            bench.Log.Opened = null;
            bench.Log.TakeAway(handle.Id);
        };

        // Whoever asked first may get the closed group, or hear that the journal is away; nobody waits.
        var (group, error) = await bench.Journals.GetAsync("g");
        Assert.True(group is not null || error is ErrorCode.NotCoordinator or ErrorCode.CoordinatorNotAvailable);

        Assert.Equal(5, await bench.CommittedAsync("g"));
        Assert.Equal(ErrorCode.None, (await bench.DurableAsync(bench.CommitAsync("g", GroupBench.Offset(6)))).Error);
    }

    // Between the end of a handle and the news of it somebody asks for the group: the news then finds the next journal in the old one's place.
    [Fact]
    public async Task Members_of_a_journal_that_was_replaced_before_its_end_was_told_hear_NOT_COORDINATOR()
    {
        var log = new MemoryLog();
        GroupBench? bench = null;
        Task asking = Task.CompletedTask;
        log.Handles.Withdrawn += _ => asking = bench!.Journals.GetAsync("g").AsTask();
        using (bench = new GroupBench(log))
        {
            var joined = await bench.JoinAsync("g");
            Assert.Null(joined.Answer);

            log.TakeAway(GroupBench.JournalOf("g"));

            Assert.Equal(ErrorCode.NotCoordinator, (await bench.AnswerAsync(joined).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken)).Error);
            await asking;
        }
    }

    [Fact]
    public async Task Offsets_go_with_their_topic_whether_the_journal_is_open_or_not()
    {
        using var bench = new GroupBench();
        foreach (var id in new[] { "open", "closed" }) await bench.DurableAsync(bench.CommitAsync(id, GroupBench.Offset(1)));
        Assert.NotEqual(GroupBench.JournalOf("open"), GroupBench.JournalOf("closed"));
        bench.Log.TakeAway(GroupBench.JournalOf("closed"));

        bench.View.Publish(bench.View.Current.Without(GroupBench.Topic, 2));
        bench.Log.Publish();
        await UntilAsync(bench, async () => await bench.CommittedAsync("open") == -1);
        await UntilAsync(bench, async () => await bench.CommittedAsync("closed") == -1);

        Assert.Empty((await bench.Journals.ListAsync(TestContext.Current.CancellationToken)).Groups);
    }

    [Fact]
    public async Task Offsets_whose_retention_is_over_go_and_so_does_a_group_of_which_nothing_is_left()
    {
        using var bench = new GroupBench();
        await bench.DurableAsync(bench.CommitAsync("g", GroupBench.Offset(1)));
        bench.Log.Broker.Time.Advance(TimeSpan.FromDays(6));
        await bench.DurableAsync(bench.CommitAsync("young", GroupBench.Offset(1)));
        bench.Journals.ExpireOffsets();
        bench.Log.Publish();
        Assert.Equal(1, await bench.CommittedAsync("g"));

        bench.Log.Broker.Time.Advance(TimeSpan.FromDays(1) + TimeSpan.FromMinutes(1));
        bench.Journals.ExpireOffsets();
        await UntilAsync(bench, async () => await bench.CommittedAsync("g") == -1);

        Assert.Equal("young", Assert.Single((await bench.Journals.ListAsync(TestContext.Current.CancellationToken)).Groups).GroupId);
        bench.Log.TakeAway(GroupBench.JournalOf("g"));
        Assert.Equal(-1, await bench.CommittedAsync("g"));
    }

    // A snapshot reads one group after the other while all of them change; what it says of each must be no older than the offset that it covers.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Whatever_was_acknowledged_is_there_after_a_restart_from_a_snapshot_that_was_made_meanwhile(int seed)
    {
        using var bench = new GroupBench();
        var ids = GroupBench.Neighbours(8);
        var acknowledged = new long[ids.Count];
        using var done = new CancellationTokenSource();
        var publishing = PublishAsync(bench, done.Token);

        await Task.WhenAll(ids.Select((id, index) => Task.Run(() => CommitAndDeleteAsync(bench, id, new Random((seed * 100) + index), last => acknowledged[index] = last))));
        await done.CancelAsync();
        await publishing;
        Assert.NotEmpty(bench.Log.Objects.Names);
        var before = await OffsetsAsync(bench, ids);
        bench.Log.TakeAway(GroupBench.JournalOf(ids[0]));

        Assert.Equal(acknowledged, before);
        Assert.Equal(acknowledged, await OffsetsAsync(bench, ids));
    }

    private static async Task CommitAndDeleteAsync(GroupBench bench, string id, Random random, Action<long> acknowledge)
    {
        for (var offset = 1; offset <= 400; offset++)
        {
            if (random.Next(10) == 0)
            {
                var deleted = await bench.AnswerAsync(await bench.DeleteAsync(id));
                Assert.True(deleted.Error is ErrorCode.None or ErrorCode.GroupIdNotFound, $"{deleted.Error}");
                acknowledge(-1);
                continue;
            }

            var commit = await bench.AnswerAsync(await bench.CommitAsync(id, GroupBench.Offset(offset), GroupBench.Offset(offset, 1)));
            Assert.Equal(ErrorCode.None, commit.Error);
            acknowledge(offset);
        }
    }

    private static async Task<ErrorCode> CommitAsync(GroupBench bench, string groupId, int partition = 0) =>
        (await bench.DurableAsync(bench.CommitAsync(groupId, GroupBench.Offset(1, partition)))).Partitions[0];

    private static async Task PublishAsync(GroupBench bench, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            bench.Log.Publish();
            await Task.Yield();
        }

        bench.Log.Publish();
    }

    private static async Task<long[]> OffsetsAsync(GroupBench bench, IReadOnlyList<string> ids)
    {
        var offsets = new long[ids.Count];
        for (var index = 0; index < offsets.Length; index++) offsets[index] = await bench.CommittedAsync(ids[index]);
        return offsets;
    }

    private static async Task UntilAsync(GroupBench bench, Func<Task<bool>> condition)
    {
        while (!await condition())
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            bench.Log.Publish();
            await Task.Yield();
        }
    }
}
