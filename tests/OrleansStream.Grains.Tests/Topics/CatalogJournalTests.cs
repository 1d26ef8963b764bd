using OrleansStream.Abstractions.Topics;
using OrleansStream.Grains.Tests.Harness;
using OrleansStream.Grains.Topics;
using OrleansStream.Log.Journals;
using OrleansStream.Log.Serving;

namespace OrleansStream.Grains.Tests.Topics;

public sealed class CatalogJournalTests
{
    [Fact]
    public async Task A_change_is_applied_when_it_is_durable_and_not_before()
    {
        using var log = new MemoryLog();
        var journal = await LoadAsync(log);

        var append = journal.AppendAsync(new TopicPut(CatalogTests.NewTopic(1, "t")));
        Assert.Null(journal.Catalog.Snapshot.Find("t"));
        log.Publish();

        Assert.Equal(ErrorCode.None, await append);
        Assert.NotNull(journal.Catalog.Snapshot.Find("t"));
    }

    [Fact]
    public async Task A_change_that_the_journal_refuses_changes_nothing()
    {
        using var log = new MemoryLog();
        var journal = await LoadAsync(log);
        log.TakeAway(HiddenTopics.CatalogPartition);

        Assert.Equal(ErrorCode.NotLeaderOrFollower, await journal.AppendAsync(new TopicPut(CatalogTests.NewTopic(1, "t"))));

        Assert.Equal(0, journal.Catalog.Snapshot.Count);
        Assert.False(journal.IsOpen);
    }

    [Fact]
    public async Task A_catalog_that_is_read_again_is_the_same_with_or_without_a_snapshot()
    {
        using var log = new MemoryLog();
        var journal = await LoadAsync(log);
        for (var number = 1; number <= 900; number++)
        {
            await AppendAsync(log, journal, new TopicPut(CatalogTests.NewTopic(number, $"{new string('x', 100)}.{number}")));
            if (number % 3 == 0) await AppendAsync(log, journal, new TopicDeletionBegun(CatalogTests.IdOf(number)));
            if (number % 6 == 0) await AppendAsync(log, journal, new TopicRemoved(CatalogTests.IdOf(number)));
            await journal.CondenseAsync(TestContext.Current.CancellationToken);
        }

        await AppendAsync(log, journal, new ProducerIdsAllocated(5_000));
        Assert.NotEmpty(log.Objects.Names);
        log.TakeAway(HiddenTopics.CatalogPartition);
        var again = await LoadAsync(log);

        Assert.Equal(CatalogTests.Describe(journal.Catalog), CatalogTests.Describe(again.Catalog));
        Assert.Equal(150, again.Catalog.Leaving.Count);
    }

    // The view refuses an older version. A count of the changes that a snapshot leaves would be one.
    [Fact]
    public async Task The_version_never_goes_back_when_the_catalog_is_read_again_from_a_snapshot()
    {
        using var log = new MemoryLog();
        var view = new CatalogView();
        var journal = await LoadAsync(log);
        for (var change = 0; log.Objects.Names.Count == 0; change++)
        {
            Assert.True(change < 2_000, "No snapshot was written.");
            await AppendAsync(log, journal, new TopicPut(CatalogTests.NewTopic(change + 1, new string('x', 100))));
            await journal.CondenseAsync(TestContext.Current.CancellationToken);
            view.Publish(journal.Catalog.Snapshot);
        }

        log.TakeAway(HiddenTopics.CatalogPartition);
        var again = await LoadAsync(log);
        Assert.True(again.Catalog.Snapshot.Version >= view.Current.Version);
        await AppendAsync(log, again, new TopicPut(CatalogTests.NewTopic(7, "newest")));
        view.Publish(again.Catalog.Snapshot);

        Assert.NotNull(view.Current.Find("newest"));
    }

    private static async Task AppendAsync(MemoryLog log, CatalogJournal journal, CatalogChange change)
    {
        var append = journal.AppendAsync(change);
        log.Publish();
        Assert.Equal(ErrorCode.None, await append);
    }

    private static async Task<CatalogJournal> LoadAsync(MemoryLog log)
    {
        var opened = await log.OpenAsync(HiddenTopics.CatalogPartition, new PartitionSettings(), TestContext.Current.CancellationToken);
        var (journal, error) = await CatalogJournal.LoadAsync(new JournalPartition(opened.Handle!, log.Journals), TestContext.Current.CancellationToken);
        Assert.Equal(ErrorCode.None, error);
        return journal!;
    }
}
