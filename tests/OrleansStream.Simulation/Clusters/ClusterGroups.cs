using OrleansStream.Log.AzureBlobs.Brokers;
using OrleansStream.Log.Journals;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;

namespace OrleansStream.Simulation.Clusters;

/// <summary>The journals of groups that one broker has read, each when somebody first asks for one of its groups.</summary>
internal sealed class ClusterGroups(ClusterWorld world, ClusterBroker broker, BlobLog log)
{
    private readonly Dictionary<PartitionId, (PartitionHandle Handle, Task<GroupCoordinator?> Loading)> _journals = [];

    // Requests of one client come in their order, as over one connection.
    private readonly Dictionary<GroupHistory, Queue<Func<Task>>> _requests = [];

    public void Commit(GroupHistory group, PartitionId partition, long offset) => Ask(group, coordinator =>
    {
        coordinator?.Commit(group.Id, partition, offset, error =>
        {
            world.Note($"{broker} answers {error} to offset {offset} of group {group.Id}");
            world.Check(() => group.OnCommitted(partition, offset, error));
        });
        if (coordinator is not null) world.Begin(broker, "snapshot of groups", coordinator.CondenseAsync);
    });

    public void Show(GroupHistory group, PartitionId partition)
    {
        var least = group.KnownOf(partition);
        Ask(group, coordinator =>
        {
            if (coordinator is null) return;
            var offset = coordinator.CommittedOf(group.Id, partition);
            world.Note($"{broker} tells offset {offset} of group {group.Id}");
            world.Check(() => group.OnShown(partition, offset, least, (broker, coordinator.Handle)));
        });
    }

    /// <summary>The coordinator that may be asked; null if the journal is not open here, cannot be read, or nothing may be told now.</summary>
    public async Task<GroupCoordinator?> LoadedAsync(PartitionId journal, PartitionHandle? asked = null)
    {
        if (!log.Handles.TryGet(journal, out var handle) || (asked is not null && asked != handle)) return null;
        if (!_journals.TryGetValue(journal, out var known) || known.Handle != handle || known.Loading is { IsCompletedSuccessfully: true, Result: null } or { IsFaulted: true })
            _journals[journal] = known = (handle, LoadAsync(handle));

        // Rule W2: another broker may have had the journal while this one stood still, and committed offsets would go back.
        if (await known.Loading is not { Handle.IsOwner: true } coordinator) return null;
        return coordinator.Handle.IsStalled && !world.Mutation.TellsOfGroupsWhileStalled ? null : coordinator;
    }

    private async Task<GroupCoordinator?> LoadAsync(PartitionHandle handle)
    {
        var coordinator = new GroupCoordinator(new JournalPartition(handle, log.Journals), broker.Time);
        return await coordinator.LoadAsync() == ErrorCode.None ? coordinator : null;
    }

    // By the handle that served when it was sent: what comes when the journal has been elsewhere meanwhile is not for its next owner.
    private void Ask(GroupHistory group, Action<GroupCoordinator?> request)
    {
        if (!log.Handles.TryGet(group.Journal, out var handle)) return;
        if (!_requests.TryGetValue(group, out var requests)) _requests[group] = requests = new Queue<Func<Task>>();
        requests.Enqueue(async () => request(await LoadedAsync(group.Journal, handle)));
        if (requests.Count == 1) broker.Scheduler.Start(() => AnswerAsync(requests));
    }

    private async Task AnswerAsync(Queue<Func<Task>> requests)
    {
        while (requests.TryPeek(out var request))
        {
            try
            {
                await request();
            }
            catch (Exception error)
            {
                world.Judge(broker, "request of a group", error);
            }

            requests.Dequeue();
        }
    }
}
