using OrleansStream.Coordination.Groups;
using OrleansStream.Coordination.Groups.Effects;
using OrleansStream.Coordination.Groups.Journal;
using OrleansStream.Coordination.Groups.Memory;
using OrleansStream.Coordination.Groups.Requests;
using OrleansStream.Model.Errors;

namespace OrleansStream.Coordination.Tests.Groups;

/// <summary>What must hold after every step of a schedule.</summary>
internal sealed class GroupInvariants
{
    private readonly HashSet<GroupTicket> _open = [];
    private readonly HashSet<GroupTicket> _done = [];
    private readonly Dictionary<int, string?> _protocols = [];
    private readonly Dictionary<int, string> _assigningLeaders = [];
    private int _lastGeneration;
    private int _journalSeen;
    private DurableGroup _replayed = new();

    public void Opened(GroupTicket ticket) => Assert.True(_done.Contains(ticket) || _open.Add(ticket) || _open.Contains(ticket));

    public void Opened(GroupClient client)
    {
        foreach (var ticket in (GroupTicket?[])[client.JoinTicket, client.SyncTicket])
        {
            if (ticket is { } parked)
            {
                Assert.DoesNotContain(parked, _done);
                _open.Add(parked);
            }
        }

        foreach (var ticket in client.Commits.Keys)
        {
            _open.Add(ticket);
        }

        foreach (var answer in client.FreshAnswers)
        {
            Look(answer);
        }

        client.FreshAnswers.Clear();
    }

    public void Completed(TicketCompletion completion, List<GroupClient> clients, List<GroupChange> journal)
    {
        Assert.True(_done.Add(completion.Ticket), "A ticket was completed twice.");
        _open.Remove(completion.Ticket);
        Look(completion.Answer);
        foreach (var client in clients)
        {
            if (client.Commits.Remove(completion.Ticket, out var offset) && completion.Answer.Error is ErrorCode.None)
            {
                Assert.Contains(journal, change => change is OffsetsCommitted commit && commit.Offsets.Any(o => o.Committed.Offset.Value == offset));
            }

            client.Take(completion);
        }
    }

    // One leader and one protocol in a generation; members only for the leader; an assignment only of the generation it was made for.
    private void Look(GroupAnswer answer)
    {
        if (answer is JoinAnswer { Error: ErrorCode.None } join)
        {
            var isLeader = join.MemberId == join.LeaderId;
            Assert.True(isLeader || join.Members.Count == 0);
            Assert.NotNull(join.ProtocolName);
            _protocols.TryAdd(join.Generation, join.ProtocolName);
            Assert.Equal(_protocols[join.Generation], join.ProtocolName);
            if (isLeader)
            {
                Assert.Contains(join.Members, member => member.MemberId == join.MemberId);
            }

            if (isLeader && !join.SkipAssignment)
            {
                _assigningLeaders.TryAdd(join.Generation, join.LeaderId);
                Assert.Equal(_assigningLeaders[join.Generation], join.LeaderId);
            }
        }
        else if (answer is SyncAnswer { Error: ErrorCode.None, Assignment: [var generation] })
        {
            Assert.InRange(generation, 1, _lastGeneration);
        }
    }

    public void Check(ConsumerGroup group, List<GroupClient> clients, int unreported)
    {
        var contents = group.Contents;
        var roster = contents.Roster;
        Assert.Equal(unreported, group.WritesInFlight);
        Assert.True(group.Generation >= _lastGeneration || group.State is GroupState.Dead || group.Generation == 0, "The generation went back.");
        if (group.Generation != _lastGeneration)
        {
            _lastGeneration = group.Generation;
            ForgetFrom(group.Generation + 1);
        }

        if (contents.Standing.State is GroupState.Empty or GroupState.Dead)
        {
            Assert.Equal(0, roster.Count);
        }

        if (contents.Standing.State is GroupState.PreparingRebalance)
        {
            Assert.NotNull(group.NextDeadline);
        }

        Assert.Equal(roster.Members.Count(member => member.ParkedJoin is not null), roster.ParkedJoins);
        Assert.Equal(roster.Members.Sum(member => member.Bytes), roster.Bytes);
        Assert.Equal(roster.Count > 0, roster.LeaderId is not null && roster.Find(roster.LeaderId) is not null);
        foreach (var member in roster.Members)
        {
            CheckMember(contents, member);
        }

        Assert.All(roster.Pending, id => Assert.True(contents.Sessions.IsRunning(id) || contents.Standing.IsBeingDeleted));
        var waited = clients.SelectMany(client => (GroupTicket?[])[client.JoinTicket, client.SyncTicket]).OfType<GroupTicket>();
        Assert.All(waited, ticket => Assert.Contains(roster.Members, member => member.ParkedJoin == ticket || member.ParkedSync == ticket));
    }

    private static void CheckMember(GroupContents contents, Coordination.Groups.Members.GroupMember member)
    {
        // Who is parked cannot send heartbeats and must not expire; who is not must, or would stay for ever.
        Assert.Equal(!member.IsParked || (member.IsNew && member.ParkedJoin is not null), contents.Sessions.IsRunning(member.Id));
        if (contents.Standing.State is GroupState.CompletingRebalance or GroupState.Stable)
        {
            Assert.Contains(member.Protocols, protocol => protocol.Name == contents.Standing.ProtocolName);
            Assert.True(contents.Standing.State is not GroupState.Stable || member.Assignment is [] || member.Assignment[0] == contents.Standing.Generation, "An assignment of another generation.");
        }

        if (contents.Standing.State is GroupState.PreparingRebalance or GroupState.Stable)
        {
            Assert.Null(member.ParkedSync);
        }
    }

    /// <summary>The budget holds what the group's parts add up to, and nothing once it is closed.</summary>
    public static void MatchesBudget(ConsumerGroup group, GroupBudget budget, IEnumerable<JournalWrite>? unreported)
    {
        if (unreported is null)
        {
            Assert.Equal(default, budget.Held);
            return;
        }

        var (roster, durable, standing) = (group.Contents.Roster, group.Contents.Durable, group.Contents.Standing);
        var isGroup = standing.State is not GroupState.Dead;
        var bytes = roster.Members.Sum(member => HeldBytes.OfMember([member.Id, member.InstanceId, member.ClientId, member.ClientHost], member.Protocols))
            + (roster.Pending.Count * HeldBytes.PendingMember)
            + HeldBytes.OfTopics(standing.SubscribedTopics ?? new HashSet<string>())
            + HeldBytes.OfGeneration(durable.Metadata)
            + durable.Offsets.Values.Sum(HeldBytes.OfOffset)
            + unreported.SelectMany(write => write.Changes).Sum(HeldBytes.OfChange)
            + (isGroup ? HeldBytes.Group : 0);
        Assert.Equal(new GroupSize(isGroup ? 1 : 0, roster.Count, durable.Offsets.Count, bytes), budget.Held);
    }

    public void MatchesJournal(ConsumerGroup group, List<GroupChange> journal)
    {
        if (_journalSeen == journal.Count)
        {
            return;
        }

        for (; _journalSeen < journal.Count; _journalSeen++)
        {
            _replayed.Apply(journal[_journalSeen]);
        }

        Assert.Equal(GroupJournalCodec.Encode("g", _replayed.Snapshot()), GroupJournalCodec.Encode("g", group.Snapshot()));
    }

    public void Reloaded(ConsumerGroup group, List<GroupChange> journal)
    {
        _replayed = new DurableGroup();
        _journalSeen = 0;
        MatchesJournal(group, journal);

        // A generation that was formed but never assigned is not in the journal; its number is given again.
        _lastGeneration = group.Generation;
        ForgetFrom(group.Generation + 1);
        _open.Clear();
        _done.Clear();
    }

    public void AllTicketsDone() => Assert.Empty(_open);

    private void ForgetFrom(int generation)
    {
        foreach (var later in _protocols.Keys.Where(key => key >= generation).ToList())
        {
            _protocols.Remove(later);
            _assigningLeaders.Remove(later);
        }
    }
}
