using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using OrleansStream.Abstractions.Cluster;
using OrleansStream.Abstractions.Partitions;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Grains.Cluster;
using OrleansStream.Grains.Partitions;
using OrleansStream.Grains.Placement;
using OrleansStream.Log;
using OrleansStream.Log.Journals;
using OrleansStream.Log.Serving;
using OrleansStream.Log.Storage;
using OrleansStream.Model;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains.Topics;

/// <summary>Owns the catalog. Changes do not interleave: each is durable and published before the next one is looked at.</summary>
// KeepAlive: Metadata and Produce go by the local view, so Orleans would take the catalog for idle and read it again for each change.
[CatalogPlacement, KeepAlive]
internal sealed partial class CatalogGrain(LocalPartitions partitions, CatalogView view, CatalogSpread spread, TimeProvider time, ILogger<CatalogGrain> logger) : Grain, ICatalogGrain
{
    // A deletion that did not go through is tried again, ever more slowly: a full disk may stay full for hours.
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    private CatalogJournal? _journal;
    private CorruptBlockException? _damage;

    // Damage does not pass, and a broker that waited for it to pass would never start nor say why.
    public async Task<long> LoadAsync(CancellationToken cancellationToken) =>
        await EnsureLoadedAsync(cancellationToken) is { } journal ? journal.Catalog.Snapshot.Version
        : _damage is { } damage ? throw new InvalidDataException($"The catalog of topics is damaged: {damage.Message}")
        : throw Unavailable();

    // Between the turns of other calls: a snapshot never changes, and is the newest there is if its journal is still owned.
    public Task<CatalogPage> PageAsync(string? after)
    {
        if (_journal is not { IsOpen: true } journal)
        {
            throw Unavailable();
        }

        var snapshot = journal.Catalog.Snapshot;
        var rest = snapshot.Topics.Where(topic => string.CompareOrdinal(topic.Name, after) > 0).OrderBy(static topic => topic.Name, StringComparer.Ordinal).ToList();
        var bytes = 0;
        ImmutableArray<Topic> page = [.. rest.TakeWhile((topic, index) => (bytes += CatalogBytes.Of(topic)) <= IBrokerService.MaxBytes || index == 0)];
        return Task.FromResult(new CatalogPage(snapshot.Version, page, page.Length == rest.Count));
    }

    public async Task<TopicChange> FindAsync(string name, CancellationToken cancellationToken) =>
        await EnsureLoadedAsync(cancellationToken) is { } journal ? new TopicChange(ErrorCode.None, null, journal.Catalog.Snapshot.Find(name)) : NotNow();

    public async Task<TopicChange> PutAsync(Topic topic, Topic? basis, CancellationToken cancellationToken)
    {
        if (await EnsureLoadedAsync(cancellationToken) is not { } journal)
        {
            return NotNow();
        }

        var standing = journal.Catalog.Snapshot.Find(topic.Name);
        if (standing?.Says(topic) == true)
        {
            // Durable since an earlier try, whose answer was lost or doubtful.
            return new TopicChange(ErrorCode.None, null, standing);
        }

        if (basis is null && standing is not null)
        {
            return TopicChange.Failed(ErrorCode.TopicAlreadyExists, $"Topic '{topic.Name}' already exists.");
        }

        if (basis is null && journal.Catalog.CollidingName(topic.Name) is { } other)
        {
            return TopicChange.Failed(ErrorCode.InvalidTopicException, $"Topic '{topic.Name}' collides with existing topic: {other}");
        }

        if (basis is not null && standing?.Id != topic.Id)
        {
            return TopicChange.Failed(ErrorCode.UnknownTopicOrPartition, $"The topic '{topic.Name}' does not exist any more.");
        }

        if (basis is not null && !standing!.Says(basis))
        {
            // Two grains of one topic may live for a moment. Neither may take back what the other has done.
            return TopicChange.Failed(ErrorCode.RequestTimedOut, $"The topic '{topic.Name}' was changed meanwhile. Nothing was changed by this; try again.");
        }

        return await AppendAsync(journal, new TopicPut(topic)) ? new TopicChange(ErrorCode.None, null, topic) : NotNow();
    }

    public Task SpreadAsync() => _journal is { } journal ? spread.WhenHeardAsync(journal.Catalog.Snapshot.Version) : Task.CompletedTask;

    public async Task<TopicChange> RemoveAsync(string name, TopicId id, CancellationToken cancellationToken)
    {
        if (await EnsureLoadedAsync(cancellationToken) is not { } journal)
        {
            return NotNow();
        }

        if (journal.Catalog.Snapshot.Find(name) is not { } topic || topic.Id != id)
        {
            return TopicChange.Failed(ErrorCode.UnknownTopicOrPartition, $"The topic '{name}' does not exist.");
        }

        if (!await AppendAsync(journal, new TopicDeletionBegun(id)))
        {
            return NotNow();
        }

        _ = FinishRemovalAsync(journal, topic);
        return new TopicChange(ErrorCode.None, null, topic);
    }

    public async Task<long> AllocateProducerIdsAsync(int count, CancellationToken cancellationToken)
    {
        if (await EnsureLoadedAsync(cancellationToken) is not { } journal)
        {
            throw Unavailable();
        }

        var first = journal.Catalog.NextProducerId;
        return await journal.AppendAsync(new ProducerIdsAllocated(first + count)) == ErrorCode.None ? first : throw Unavailable();
    }

    public async Task<bool> KnowsAsync(TopicId id, CancellationToken cancellationToken) =>
        HiddenTopics.Contains(id) || ((await EnsureLoadedAsync(cancellationToken) ?? throw Unavailable()).Catalog.Knows(id));

    private async Task<CatalogJournal?> EnsureLoadedAsync(CancellationToken cancellationToken)
    {
        if (_journal is { IsOpen: true })
        {
            return _journal;
        }

        _damage = null;
        try
        {
            var opened = await partitions.OpenHandleAsync(HiddenTopics.CatalogPartition, CancellationToken.None).AsTask().WaitAsync(Limits.GrainCall, cancellationToken);
            if (opened.Handle is null)
            {
                _damage = opened.Damage;
                OnNotOpened(opened);
                return null;
            }

            var (journal, error) = await CatalogJournal.LoadAsync(new JournalPartition(opened.Handle, partitions.Log.Journals), cancellationToken);
            if (journal is null)
            {
                LogNotOpened(error);
                return null;
            }

            _journal = journal;
        }
        catch (Exception exception) when (exception is LogException or TimeoutException)
        {
            _damage = exception as CorruptBlockException;
            LogNotLoaded(exception);
            return null;
        }

        view.Publish(_journal.Catalog.Snapshot);
        spread.Tell(_journal.Catalog.Snapshot.Version);

        // What was on its way out when the broker stopped goes on leaving.
        foreach (var topic in _journal.Catalog.Leaving.ToList())
        {
            _ = FinishRemovalAsync(_journal, topic);
        }

        return _journal;
    }

    // Another broker's business by now: the next caller's grain is placed there.
    private void OnNotOpened(in OpenedHandle opened)
    {
        if (opened is { Error: ErrorCode.NotLeaderOrFollower, Owner: not null })
        {
            DeactivateOnIdle();
            return;
        }

        LogNotOpened(opened.Error);
    }

    private async Task<bool> AppendAsync(CatalogJournal journal, CatalogChange change)
    {
        var before = journal.Catalog.Snapshot.Version;
        if (await journal.AppendAsync(change) != ErrorCode.None)
        {
            return false;
        }

        view.Publish(journal.Catalog.Snapshot);
        spread.Tell(new CatalogStep(before, journal.Catalog.Snapshot.Version, (change as TopicPut)?.Topic, (change as TopicDeletionBegun)?.Id));
        try
        {
            await journal.CondenseAsync(CancellationToken.None);
        }
        catch (LogException exception)
        {
            // The change is durable whatever comes of this: the journal only stays long, and the next change tries again.
            LogNotCondensed(exception);
        }

        return true;
    }

    // Runs between other calls of this grain, until it is done or another load of the catalog has taken it over.
    private async Task FinishRemovalAsync(CatalogJournal journal, Topic topic)
    {
        for (var pause = FirstPause; !await TryFinishRemovalAsync(journal, topic) && journal.IsOpen; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            await Task.Delay(pause, time);
        }
    }

    // Tombstones first, then the id is forgotten (rule D3). Both may be repeated.
    private async Task<bool> TryFinishRemovalAsync(CatalogJournal journal, Topic topic)
    {
        try
        {
            await Parallel.ForAsync(0, topic.PartitionCount, new ParallelOptions { MaxDegreeOfParallelism = 32, TaskScheduler = TaskScheduler.Current }, async (index, _) =>
                await GrainFactory.GetGrain<IPartitionGrain>(new PartitionId(topic.Id, index).ToString()).DeleteAsync(CancellationToken.None));
            return await journal.AppendAsync(new TopicRemoved(topic.Id)) == ErrorCode.None;
        }
        catch (Exception exception)
        {
            // Whatever it was, no failure may end more than this try.
            LogRemovalUnfinished(exception, topic.Name, topic.Id);
            return false;
        }
    }

    private static TopicChange NotNow() => TopicChange.Failed(ErrorCode.RequestTimedOut, "The catalog cannot be written now. Nothing is known to have changed; try again.");

    private static TimeoutException Unavailable() => new("The catalog cannot be reached now.");

    [LoggerMessage(LogLevel.Warning, "The catalog cannot be opened now: {Error}")]
    private partial void LogNotOpened(ErrorCode error);

    [LoggerMessage(LogLevel.Error, "The catalog cannot be read")]
    private partial void LogNotLoaded(Exception exception);

    [LoggerMessage(LogLevel.Warning, "The catalog's journal could not be condensed")]
    private partial void LogNotCondensed(Exception exception);

    [LoggerMessage(LogLevel.Warning, "Topic {Name} ({Id}) is deleted, but not every partition has its tombstone yet; that is tried again")]
    private partial void LogRemovalUnfinished(Exception exception, string name, TopicId id);
}
