using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;
using OrleansStream.Simulation.Schedules;

namespace OrleansStream.Simulation.Clusters;

/// <summary>Consumers of the groups of a world, which commit offsets and ask for them. None has a group's help: how members come and go is tested where groups are.</summary>
internal sealed class GroupClients
{
    // How long it may take, once all is well, until a group's journal is open and takes a commit.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    private static readonly TimeSpan LongestLinger = TimeSpan.FromSeconds(15);

    // That of the server's; its id is always known (rule O1).
    private static readonly TopicId Journals = new(new Guid("6f727365-0000-4000-8000-000000000002"));

    private readonly ClusterWorld _world;
    private readonly Random _chance;

    public GroupClients(ClusterWorld world, Random chance)
    {
        (_world, _chance) = (world, chance);
        for (var i = chance.Next(5); i > 0; i--) world.Groups.Add(new GroupHistory(world, $"group-{i}", new PartitionId(Journals, chance.Next(2))));
    }

    /// <summary>Commits offsets, and asks for them.</summary>
    public void Use()
    {
        foreach (var group in _world.Groups)
        {
            var serving = _world.Brokers.Where(broker => broker.Serves && broker.Log!.Handles.TryGet(group.Journal, out _)).ToList();
            if (serving.Count == 0)
            {
                Open(Any(_world.Brokers), group.Journal);
                continue;
            }

            // A client that hears nothing looks for its coordinator anew, and whoever is to have the journal opens it.
            var broker = Any(serving);
            if (broker.IsFrozen && _chance.Next(2) == 0) Open(Any(_world.Brokers), group.Journal);
            for (var i = _chance.Next(4); i >= 0; i--)
            {
                if (_chance.Next(2) == 0) Commit(broker, group);
                else broker.Groups!.Show(group, NextPartition());
            }
        }
    }

    public void Open()
    {
        if (_world.Groups.Count > 0) Open(Any(_world.Brokers), Any(_world.Groups).Journal);
    }

    /// <summary>When nothing is wrong any more: two brokers, one after the other, tell all that is known and take one more commit.</summary>
    public void CheckWhole()
    {
        foreach (var group in _world.Groups)
        {
            foreach (var broker in _world.Brokers.OrderBy(_ => _chance.Next()).Take(2).ToList()) CheckWhole(group, broker);
        }
    }

    private void CheckWhole(GroupHistory group, ClusterBroker broker)
    {
        var deadline = _world.Clock.Now + Patience;
        for (var acknowledged = group.Acknowledged; group.Acknowledged == acknowledged;)
        {
            if (_world.Clock.Now >= deadline) throw new ViolationException($"Group {group.Id} does not come to serve on {broker}, though nothing is wrong any more");
            Open(broker, group.Journal);
            _world.Pass(TimeSpan.FromSeconds(1));
            Commit(broker, group);
            _world.PassUntil(() => group.Acknowledged > acknowledged, LongestLinger);
        }

        foreach (var partition in group.Partitions.ToList())
        {
            var shown = group.Shown;
            broker.Groups!.Show(group, partition);
            if (!_world.PassUntil(() => group.Shown > shown, Patience)) throw new ViolationException($"Group {group.Id}: {broker} tells no offset of {partition}");
        }
    }

    private void Commit(ClusterBroker broker, GroupHistory group)
    {
        var partition = NextPartition();
        broker.Groups!.Commit(group, partition, group.Next(partition, 1 + _chance.Next(100)));
    }

    private void Open(ClusterBroker broker, PartitionId journal)
    {
        if (!broker.Serves) return;
        _world.Begin(broker, $"open of journal {journal.Index}", async () =>
        {
            var opened = await broker.Log!.OpenAsync(journal, GroupHistory.Settings, CancellationToken.None);
            _world.Note($"{broker} was answered {opened.Error} for journal {journal.Index}");
            if (opened.Damage is { } damage) throw new ViolationException($"{broker} finds journal {journal} damaged: {damage.Message}");
            if (opened.Handle is null && opened.Error is not (ErrorCode.NotLeaderOrFollower or ErrorCode.KafkaStorageError)) throw new ViolationException($"{broker} answers {opened.Error} when {journal} is to be opened");
        });
    }

    // Offsets are numbers to a group: whether there is such a partition does not matter here.
    private PartitionId NextPartition() => new(default, _chance.Next(3));

    private T Any<T>(IReadOnlyList<T> among) => among[_chance.Next(among.Count)];
}
