using OrleansStream.Coordination.Groups;
using OrleansStream.Coordination.Groups.Effects;
using OrleansStream.Coordination.Groups.Journal;
using OrleansStream.Coordination.Groups.Memory;
using OrleansStream.Coordination.Groups.Requests;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;

namespace OrleansStream.Coordination.Tests.Groups;

/// <summary>A group with its owner: keeps the time, the journal and the completed tickets.</summary>
internal sealed class TestGroup
{
    public static readonly TimeSpan Session = TimeSpan.FromSeconds(10);
    public static readonly TimeSpan RebalanceTimeout = TimeSpan.FromSeconds(60);
    public static readonly TopicId Topic = new(new Guid(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1));
    private readonly GroupOptions _options;
    private readonly Func<Guid> _newGuid;
    private int _guids;

    public TestGroup(GroupOptions? options = null, string id = "g", IEnumerable<GroupChange>? journal = null, (Func<Guid> NewGuid, DateTimeOffset Now)? former = null, GroupBudget? budget = null)
    {
        Now = former?.Now ?? Now;
        _options = options ?? new GroupOptions();
        Budget = budget ?? new GroupBudget(_options.MaxBytes);
        _newGuid = former?.NewGuid ?? (() => new Guid(++_guids, 0, 0, new byte[8]));
        Journal = [.. journal ?? []];
        Group = new ConsumerGroup(id, _options, _newGuid, Budget);
        foreach (var change in Journal)
        {
            Group.Replay(change);
        }

        Group.OnLoaded(Now);
        Drain();
    }

    public GroupBudget Budget { get; }

    public ConsumerGroup Group { get; private set; }

    public DateTimeOffset Now { get; set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public List<GroupChange> Journal { get; }

    public Dictionary<GroupTicket, GroupAnswer> Completed { get; } = [];

    public List<GroupEvent> Events { get; } = [];

    /// <summary>Set to false to report writes by hand.</summary>
    public bool PersistsAtOnce { get; set; } = true;

    public Queue<JournalWrite> Unreported { get; } = [];

    public static PartitionId Partition(int index) => new(Topic, index);

    public static JoinRequest JoinRequest(string memberId = "", string? instanceId = null) => new()
    {
        MemberId = memberId,
        InstanceId = instanceId,
        ClientId = "client",
        ClientHost = "/127.0.0.1",
        SessionTimeout = Session,
        RebalanceTimeout = RebalanceTimeout,
        ProtocolType = "consumer",
        Protocols = [Protocol("range")],
    };

    public static GroupProtocol Protocol(string name, params string[] topics) => new(name, Subscription(topics));

    public static byte[] Subscription(params string[] topics) =>
        [0, 1, 0, 0, 0, (byte)topics.Length, .. topics.SelectMany(topic => (byte[])[0, (byte)topic.Length, .. topic.Select(c => (byte)c)]), 255, 255, 255, 255];

    public void Drain()
    {
        for (var effects = Group.TakeEffects(); effects != GroupEffects.None; effects = Group.TakeEffects())
        {
            foreach (var completion in effects.Completions)
            {
                Completed.Add(completion.Ticket, completion.Answer);
            }

            Events.AddRange(effects.Events);
            foreach (var write in effects.Writes)
            {
                Unreported.Enqueue(write);
                if (PersistsAtOnce)
                {
                    PersistNext();
                }
            }
        }
    }

    public void PersistNext()
    {
        var write = Unreported.Dequeue();
        Journal.AddRange(write.Changes);
        Group.OnPersisted(write.Sequence, Now);
        Drain();
    }

    public void FailNext(ErrorCode error)
    {
        Group.OnPersistFailed(Unreported.Dequeue().Sequence, error, Now);
        Drain();
    }

    /// <summary>Lets time pass, ringing the group's one timer whenever it is due.</summary>
    public void Advance(TimeSpan time)
    {
        var end = Now + time;
        while (Group.NextDeadline is { } deadline && deadline <= end)
        {
            Now = deadline > Now ? deadline : Now;
            Group.OnTimer(Now);
            Drain();
        }

        Now = end;
    }

    public Waiting<JoinAnswer> Join(JoinRequest request) => Drained(new Waiting<JoinAnswer>(this, Group.Join(request, Now)));

    /// <summary>A dynamic member's first join: asks for an id and comes again with it.</summary>
    public Waiting<JoinAnswer> JoinNew(Func<JoinRequest, JoinRequest>? change = null)
    {
        var request = change?.Invoke(JoinRequest()) ?? JoinRequest();
        return Join(request with { MemberId = Join(request).Answer.MemberId });
    }

    public Waiting<SyncAnswer> Sync(string memberId, int generation, params (string Member, byte Assignment)[] assignments) =>
        Sync(new SyncRequest { MemberId = memberId, Generation = generation, Assignments = [.. assignments.Select(a => new MemberAssignment(a.Member, [a.Assignment]))] });

    public Waiting<SyncAnswer> Sync(SyncRequest request) => Drained(new Waiting<SyncAnswer>(this, Group.Sync(request, Now)));

    public ErrorCode Heartbeat(string memberId, int generation, string? instanceId = null) =>
        Group.Heartbeat(new HeartbeatRequest { MemberId = memberId, Generation = generation, InstanceId = instanceId }, Now);

    public LeaveAnswer Leave(params LeavingMember[] members) => Drained(Group.Leave(members, Now));

    public Waiting<CommitAnswer> Commit(CommitRequest request) => Drained(new Waiting<CommitAnswer>(this, Group.Commit(request, Now)));

    public Waiting<CommitAnswer> Commit(long offset, string memberId = "", int generation = -1, string topic = "t") =>
        Commit(new CommitRequest { MemberId = memberId, Generation = generation, Offsets = [Offset(0, offset, topic)] });

    public static OffsetToCommit Offset(int partition, long offset, string topic = "t") => new(Partition(partition), topic, new Offset(offset), LeaderEpoch.None, null);

    public long? Committed(int partition = 0) => Group.CommittedOffset(Partition(partition))?.Offset.Value;

    /// <summary>A stable group of so many members, the first of them the leader, each with its number as assignment.</summary>
    public string[] Stable(int members, Func<JoinRequest, JoinRequest>? change = null)
    {
        var joins = Enumerable.Range(0, members).Select(_ => JoinNew(change)).ToArray();
        Advance(TimeSpan.FromSeconds(members * 3 + 3));
        return SyncAll([.. joins.Select(join => join.Answer)]);
    }

    /// <summary>Lets all members of a generation sync, the leader last.</summary>
    public string[] SyncAll(params JoinAnswer[] joined)
    {
        var leader = joined.Single(answer => answer.MemberId == answer.LeaderId);
        var syncs = joined.Where(answer => answer != leader).Select(answer => Sync(answer.MemberId, answer.Generation)).ToList();
        syncs.Add(Sync(leader.MemberId, leader.Generation, [.. leader.Members.Select((member, i) => (member.MemberId, (byte)i))]));
        Assert.All(syncs, sync => Assert.Equal(ErrorCode.None, sync.Answer.Error));
        Assert.Equal(GroupState.Stable, Group.State);
        return [.. joined.Select(answer => answer.MemberId)];
    }

    /// <summary>The same group as another owner finds it: only the journal remains.</summary>
    public TestGroup Reload(bool throughBytes = true)
    {
        var journal = throughBytes ? Journal.Select(ThroughBytes) : Journal;
        return new TestGroup(_options, Group.GroupId, journal, (() => new Guid(++_guids, 7, 7, new byte[8]), Now));
    }

    private GroupChange ThroughBytes(GroupChange change)
    {
        Assert.True(GroupJournalCodec.TryDecode(GroupJournalCodec.Encode(Group.GroupId, change), out var id, out var decoded));
        Assert.Equal(Group.GroupId, id);
        return decoded;
    }

    private T Drained<T>(T result)
    {
        Drain();
        return result;
    }
}
