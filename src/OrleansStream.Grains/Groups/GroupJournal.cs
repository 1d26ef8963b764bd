using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Concurrent;
using OrleansStream.Coordination.Groups;
using OrleansStream.Coordination.Groups.Journal;
using OrleansStream.Log;
using OrleansStream.Log.Journals;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains.Groups;

/// <summary>The groups of one journal partition, as long as this broker owns it in one epoch.</summary>
internal sealed class GroupJournal : IJournalState
{
    private readonly JournalPartition _journal;
    private readonly GroupParts _parts;
    private readonly ConcurrentDictionary<string, GroupRuntime> _groups = new(StringComparer.Ordinal);
    private Dictionary<string, ConsumerGroup>? _loading = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<Task, byte> _unsettled = new();
    private int _snapshotting;
    private volatile bool _isClosed;

    private GroupJournal(JournalPartition journal, GroupParts parts)
    {
        _journal = journal;
        _parts = parts;
    }

    public PartitionHandle Handle => _journal.Handle;

    public bool IsOpen => Handle.IsOwner;

    /// <summary>Every group that there is; some may be about to be forgotten.</summary>
    public IEnumerable<GroupRuntime> Groups => _groups.Values;

    /// <summary>Reads the journal and sets its groups to work.</summary>
    /// <exception cref="LogException">Stored bytes are damaged or newer than this version.</exception>
    public static async Task<(GroupJournal? Journal, ErrorCode Error)> LoadAsync(JournalPartition partition, GroupParts parts, CancellationToken cancellationToken)
    {
        var journal = new GroupJournal(partition, parts);
        var error = await partition.LoadAsync(journal, cancellationToken);
        if (error != ErrorCode.None)
        {
            return (null, error);
        }

        foreach (var (id, group) in journal._loading!)
        {
            journal._groups[id] = new GroupRuntime(group, journal, parts);
        }

        journal._loading = null;
        return (journal, ErrorCode.None);
    }

    public bool Contains(string groupId) => _groups.TryGetValue(groupId, out var group) && group.Query(static rules => rules.State) != GroupState.Dead;

    /// <summary>The group, made if there is none: what comes of it the rules decide.</summary>
    public GroupRuntime Get(string groupId)
    {
        var group = _groups.GetOrAdd(groupId, static (id, journal) => new GroupRuntime(NewRules(id, journal._parts), journal, journal._parts), this);

        // One that comes after the end is not among those that the end closed, and nobody would give back what it takes.
        if (_isClosed)
        {
            group.Close(ErrorCode.NotCoordinator);
        }

        return group;
    }

    /// <summary>Appends changes of a group; the task tells when they are durable. The caller holds the group's lock, so its changes keep their order.</summary>
    public Task<AppendOutcome> AppendAsync(IReadOnlyList<ReadOnlyMemory<byte>> changes) => _journal.AppendAsync(changes);

    /// <summary>Remembers a change that is on its way until its group has heard of it.</summary>
    public void Track(Task settling)
    {
        if (settling.IsCompleted)
        {
            return;
        }

        _unsettled[settling] = 0;
        _ = settling.ContinueWith(static (task, state) => ((GroupJournal)state!)._unsettled.TryRemove(task, out _), this, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    /// <summary>A group has heard what became of a change: a group of which nothing is left is forgotten, and a long journal condensed.</summary>
    public void OnSettled(GroupRuntime group)
    {
        Retire(group);
        if (_journal.WantsSnapshot)
        {
            _ = CondenseAsync(CancellationToken.None);
        }
    }

    /// <summary>Forgets the group if nothing of it is left.</summary>
    public void Retire(GroupRuntime group)
    {
        if (group.TryRetire())
        {
            _groups.TryRemove(KeyValuePair.Create(group.GroupId, group));
        }
    }

    /// <summary>The partition is not ours any more: every member hears NOT_COORDINATOR and looks for the new one.</summary>
    public void Close()
    {
        _isClosed = true;
        foreach (var group in _groups.Values)
        {
            group.Close(ErrorCode.NotCoordinator);
        }
    }

    /// <summary>Writes a snapshot if the journal has grown enough to be worth it.</summary>
    /// <remarks>
    /// Groups are read one after the other while others change. That is safe because a change says what stands afterwards, not what is added: replaying
    /// one that a snapshot contains already, in the journal's order, ends in the same state. Nothing below the covered offset may be missing, though:
    /// that offset is read first, and every change that was under way by then has reached its group before the first group is read.
    /// </remarks>
    public async Task CondenseAsync(CancellationToken cancellationToken)
    {
        if (!_journal.WantsSnapshot || Interlocked.Exchange(ref _snapshotting, 1) == 1)
        {
            return;
        }

        try
        {
            var coversTo = Handle.HighWatermark;
            foreach (var group in _groups.Values)
            {
                // An append and its tracking are one step under the group's lock: whoever began one below that offset has tracked it now.
                group.Query(static _ => 0);
            }

            await Task.WhenAll(_unsettled.Keys);
            var content = new ArrayBufferWriter<byte>();
            foreach (var group in _groups.Values.Where(static group => group.Exists))
            {
                var bytes = group.Query(static rules => GroupJournalCodec.Encode(rules.GroupId, rules.Snapshot()));
                BinaryPrimitives.WriteInt32LittleEndian(content.GetSpan(sizeof(int)), bytes.Length);
                content.Advance(sizeof(int));
                content.Write(bytes);
            }

            await _journal.SnapshotAsync(new ReadOnlySequence<byte>(content.WrittenMemory), coversTo, cancellationToken);
        }
        finally
        {
            Volatile.Write(ref _snapshotting, 0);
        }
    }

    public void Restore(ReadOnlySpan<byte> snapshot)
    {
        while (!snapshot.IsEmpty)
        {
            var length = snapshot.Length < sizeof(int) ? -1 : BinaryPrimitives.ReadInt32LittleEndian(snapshot);
            if (length < 0 || length > snapshot.Length - sizeof(int))
            {
                throw new LogException($"A snapshot of groups has a record of {length} bytes where {snapshot.Length} are left.");
            }

            Replay(snapshot.Slice(sizeof(int), length));
            snapshot = snapshot[(sizeof(int) + length)..];
        }
    }

    public void Apply(Offset offset, ReadOnlySpan<byte> change) => Replay(change);

    private static ConsumerGroup NewRules(string groupId, GroupParts parts) => new(groupId, parts.Options, Guid.NewGuid, parts.Budget);

    private void Replay(ReadOnlySpan<byte> record)
    {
        if (!GroupJournalCodec.TryDecode(record, out var groupId, out var change))
        {
            throw new LogException("A record of a group journal is of a format that this version does not know.");
        }

        if (!_loading!.TryGetValue(groupId, out var group))
        {
            _loading[groupId] = group = NewRules(groupId, _parts);
        }

        group.Replay(change);
    }
}
