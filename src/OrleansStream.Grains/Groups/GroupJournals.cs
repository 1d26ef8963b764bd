using Microsoft.Extensions.Logging;
using OrleansStream.Abstractions.Groups;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Coordination.Placement;
using OrleansStream.Grains.Partitions;
using OrleansStream.Log;
using OrleansStream.Log.Journals;
using OrleansStream.Log.Serving;
using OrleansStream.Model;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains.Groups;

/// <summary>The journals of groups that this broker has read, each read when somebody first asks for one of its groups.</summary>
internal sealed partial class GroupJournals : ILocalGroups, IDisposable
{
    private readonly IPartitionLog _log;
    private readonly LocalPartitions _partitions;
    private readonly GroupParts _parts;
    private readonly CatalogView _catalog;
    private readonly PlacementRules _rules;
    private readonly ILogger<GroupJournals> _logger;
    private readonly Lock _gate = new();
    private readonly Task<Loaded>?[] _loading;
    private CatalogSnapshot _lastCatalog;

    public GroupJournals(LocalPartitions partitions, GroupParts parts, CatalogView catalog, PlacementRules rules, ILogger<GroupJournals> logger)
    {
        _log = partitions.Log;
        _partitions = partitions;
        _parts = parts;
        _catalog = catalog;
        _rules = rules;
        _loading = new Task<Loaded>?[rules.GroupPartitions];
        _logger = logger;
        _lastCatalog = catalog.Current;
        catalog.Changed += OnCatalogChanged;
        _log.Handles.Withdrawn += OnWithdrawn;
    }

    /// <summary>The group at work, or COORDINATOR_LOAD_IN_PROGRESS, or what keeps its journal from being read. Waits no longer than a grain call may.</summary>
    public async ValueTask<(GroupRuntime? Group, ErrorCode Error)> GetAsync(string groupId)
    {
        var (journal, error) = await LoadedAsync(JournalOf(groupId));
        return (journal?.Get(groupId), error);
    }

    public IGroupCalls Of(string groupId) => new GroupCalls(this, _catalog, groupId);

    public async Task<ListGroupsAnswer> ListAsync(CancellationToken cancellationToken)
    {
        // Journals of other brokers are theirs to list: whoever wants all groups asks every broker.
        var journals = await Task.WhenAll(Enumerable.Range(0, _rules.GroupPartitions).Where(_partitions.IsOwnJournal).Select(index => LoadedAsync(index).AsTask()));
        if (journals.FirstOrDefault(journal => journal.Journal is null) is { Error: not ErrorCode.None } failed)
        {
            return new ListGroupsAnswer(failed.Error, []);
        }

        var groups = journals.SelectMany(journal => journal.Journal!.Groups)
            .Select(group => group.Query(static rules => rules.List()))
            .OfType<Coordination.Groups.Requests.GroupListing>()
            .Select(listing => new GroupListing(listing.GroupId, listing.ProtocolType, listing.State.ToString()))
            .ToList();
        return new ListGroupsAnswer(ErrorCode.None, groups);
    }

    /// <exception cref="TimeoutException">The group's journal cannot be read now.</exception>
    public async ValueTask<bool> ExistsAsync(string groupId, CancellationToken cancellationToken)
    {
        var (journal, error) = await LoadedAsync(JournalOf(groupId));
        return journal?.Contains(groupId) ?? throw new TimeoutException($"The journal of group '{groupId}' cannot be read now: {error}.");
    }

    /// <summary>Drops offsets whose retention is over, and groups of which nothing is left, in every journal that was read. The others hold nothing that grows.</summary>
    public void ExpireOffsets()
    {
        foreach (var journal in LoadedJournals())
        {
            foreach (var group in journal.Groups)
            {
                Tell(group, 0, static (rules, _, now) => rules.ExpireOffsets(now));
                journal.Retire(group);
            }
        }
    }

    public void Dispose()
    {
        _catalog.Changed -= OnCatalogChanged;
        _log.Handles.Withdrawn -= OnWithdrawn;
    }

    private int JournalOf(string groupId) => _rules.JournalOf(groupId);

    private async ValueTask<Loaded> LoadedAsync(int index)
    {
        Task<Loaded> loading;
        Task<Loaded>? replaced = null;
        lock (_gate)
        {
            // A journal that was closed, or could not be read, is read anew by whoever comes next.
            if (_loading[index] is not { } known || (known.IsCompleted && !IsUsable(known)))
            {
                // Off the caller's scheduler: one caller's grain may go while others wait.
                replaced = _loading[index];
                _loading[index] = known = Task.Run(() => LoadAsync(index));
            }

            loading = known;
        }

        // The event that closes a journal looks at the newest entry, and that is the next one now.
        if (replaced is { IsCompletedSuccessfully: true })
        {
            replaced.Result.Journal?.Close();
        }

        try
        {
            var loaded = await loading.WaitAsync(Limits.GrainCall);

            // Rule W2: another broker may have had the journal while this one stood still, and committed offsets would go back.
            return loaded.Journal is { Handle.IsStalled: true } ? new Loaded(null, ErrorCode.CoordinatorLoadInProgress) : loaded;
        }
        catch (TimeoutException)
        {
            return new Loaded(null, ErrorCode.CoordinatorLoadInProgress);
        }
    }

    private async Task<Loaded> LoadAsync(int index)
    {
        try
        {
            var opened = await _partitions.OpenHandleAsync(new PartitionId(HiddenTopics.Groups, index), CancellationToken.None);
            if (opened.Handle is null)
            {
                return new Loaded(null, opened.Error == ErrorCode.NotLeaderOrFollower ? ErrorCode.NotCoordinator : ErrorCode.CoordinatorNotAvailable);
            }

            var (journal, error) = await GroupJournal.LoadAsync(new JournalPartition(opened.Handle, _log.Journals), _parts, CancellationToken.None);
            if (journal is null)
            {
                LogNotRead(index, error, null);
                return new Loaded(null, ErrorCode.CoordinatorNotAvailable);
            }

            DropOffsetsOfDeletedTopics(journal);
            return new Loaded(journal, ErrorCode.None);
        }
        catch (LogException exception)
        {
            LogNotRead(index, ErrorCode.KafkaStorageError, exception);
            return new Loaded(null, ErrorCode.CoordinatorNotAvailable);
        }
    }

    // Topics that went while nobody had the journal open. An offset of a topic that the catalog does not know helps nobody.
    private void DropOffsetsOfDeletedTopics(GroupJournal journal)
    {
        if (!_catalog.IsLoaded)
        {
            return;
        }

        var known = _catalog.Current;
        foreach (var group in journal.Groups)
        {
            var gone = group.Query(static rules => rules.CommittedOffsets()).Select(offset => offset.Partition.Topic).Distinct().Where(topic => known.Find(topic) is null).ToList();
            foreach (var topic in gone)
            {
                Forget(group, topic);
            }
        }
    }

    private void OnCatalogChanged(CatalogSnapshot snapshot)
    {
        var before = _lastCatalog;
        _lastCatalog = snapshot;
        if (snapshot.Count >= before.Count)
        {
            // One change at a time: a catalog that did not shrink lost no topic, unless this view missed versions, and then the next load finds out.
            return;
        }

        foreach (var topic in before.Topics.Where(topic => snapshot.Find(topic.Id) is null).ToList())
        {
            foreach (var group in LoadedJournals().SelectMany(journal => journal.Groups))
            {
                Forget(group, topic.Id);
            }
        }
    }

    private void OnWithdrawn(PartitionHandle handle)
    {
        if (handle.Id.Topic != HiddenTopics.Groups)
        {
            return;
        }

        Task<Loaded>? loading;
        lock (_gate)
        {
            loading = _loading[handle.Id.Index];
        }

        CloseJournal(loading, handle);
    }

    // Off the caller's stack, which may hold the table's lock. One that is still being read is closed as soon as it has been: its members would wait for
    // ever. What is read under another handle goes on: it may be the one that takes this one's place.
    private static void CloseJournal(Task<Loaded>? loading, PartitionHandle of) => _ = loading?.ContinueWith(
        static (read, handle) =>
        {
            if (read.Result.Journal is { } journal && journal.Handle == handle)
            {
                journal.Close();
            }
        },
        of,
        CancellationToken.None,
        TaskContinuationOptions.OnlyOnRanToCompletion,
        TaskScheduler.Default);

    private IEnumerable<GroupJournal> LoadedJournals()
    {
        Task<Loaded>?[] known;
        lock (_gate)
        {
            known = [.. _loading];
        }

        return known.Where(loading => loading is { IsCompletedSuccessfully: true }).Select(loading => loading!.Result.Journal).OfType<GroupJournal>();
    }

    private static bool IsUsable(Task<Loaded> loading) => loading.IsCompletedSuccessfully && loading.Result.Journal is { IsOpen: true };

    private static void Forget(GroupRuntime group, TopicId topic) => Tell(group, topic, static (rules, id, now) => rules.OnTopicDeleted(id, now));

    private static void Tell<TState>(GroupRuntime group, TState state, Action<Coordination.Groups.ConsumerGroup, TState, DateTimeOffset> action)
    {
        try
        {
            group.Call((state, action), static (rules, told, now) =>
            {
                told.action(rules, told.state, now);
                return 0;
            });
        }
        catch (GroupRetiredException)
        {
            // There is nothing left to tell it.
        }
    }

    [LoggerMessage(LogLevel.Error, "Group journal {Index} cannot be read: {Error}")]
    private partial void LogNotRead(int index, ErrorCode error, Exception? exception);

    private readonly record struct Loaded(GroupJournal? Journal, ErrorCode Error);
}
