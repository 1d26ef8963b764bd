using OrleansStream.Coordination.Groups.Effects;

namespace OrleansStream.Coordination.Groups.Members;

/// <summary>Who is in the group, who leads, who waits, and which ids were handed out but not used yet. Members keep the order in which they came.</summary>
internal sealed class GroupRoster
{
    private readonly OrderedDictionary<string, GroupMember> _members = [];
    private readonly Dictionary<string, string> _staticMembers = [];
    private readonly ProtocolVote _vote = new();
    private long _heldBytes;

    public IReadOnlyCollection<GroupMember> Members => _members.Values;

    public int Count => _members.Count;

    public string? LeaderId { get; set; }

    /// <summary>Ids that were told to clients (79) which have not come back yet.</summary>
    public HashSet<string> Pending { get; } = [];

    /// <summary>Members of the generation that have not sent SyncGroup yet.</summary>
    public HashSet<string> PendingSync { get; } = [];

    public int ParkedJoins { get; private set; }

    public int Bytes { get; private set; }

    /// <summary>What members and pending ids occupy.</summary>
    public long HeldBytes => _heldBytes + ((long)Pending.Count * Memory.HeldBytes.PendingMember);

    public bool HasAllJoined => ParkedJoins == Count && Pending.Count == 0;

    public TimeSpan RebalanceTimeout => Count == 0 ? TimeSpan.Zero : _members.Values.Max(member => member.RebalanceTimeout);

    public GroupMember? Find(string memberId) => _members.GetValueOrDefault(memberId);

    public GroupMember? FindStatic(string? instanceId) =>
        instanceId is not null && _staticMembers.TryGetValue(instanceId, out var memberId) ? _members[memberId] : null;

    public void Add(GroupMember member)
    {
        _members.Add(member.Id, member);
        if (member.InstanceId is not null)
        {
            _staticMembers.Add(member.InstanceId, member.Id);
        }

        _vote.Add(member);
        Bytes += member.Bytes;
        _heldBytes += member.HeldBytes;
        Pending.Remove(member.Id);
        LeaderId ??= member.Id;
    }

    /// <summary>Takes a member out; its tickets must be answered already. The next in line leads if it led.</summary>
    public void Remove(GroupMember member)
    {
        Forget(member);
        _members.Remove(member.Id);
        if (LeaderId == member.Id)
        {
            LeaderId = _members.Count > 0 ? _members.GetAt(0).Key : null;
        }
    }

    /// <summary>Puts a static member's new life into the place of the old one: same position, same leadership.</summary>
    public void Replace(GroupMember old, GroupMember successor)
    {
        var position = _members.IndexOf(old.Id);
        var syncPending = PendingSync.Contains(old.Id);
        Forget(old);
        _members.RemoveAt(position);
        _members.Insert(position, successor.Id, successor);
        _staticMembers[successor.InstanceId!] = successor.Id;
        _vote.Add(successor);
        Bytes += successor.Bytes;
        _heldBytes += successor.HeldBytes;
        LeaderId = LeaderId == old.Id ? successor.Id : LeaderId;
        if (syncPending)
        {
            PendingSync.Add(successor.Id);
        }
    }

    public void Update(GroupMember member, IReadOnlyList<GroupProtocol> protocols, TimeSpan sessionTimeout, TimeSpan rebalanceTimeout)
    {
        _vote.Remove(member);
        Bytes -= member.Bytes;
        _heldBytes -= member.HeldBytes;
        member.Offer(protocols, sessionTimeout, rebalanceTimeout);
        _vote.Add(member);
        Bytes += member.Bytes;
        _heldBytes += member.HeldBytes;
    }

    public void ParkJoin(GroupMember member, GroupTicket ticket)
    {
        ParkedJoins += member.ParkedJoin is null ? 1 : 0;
        member.ParkedJoin = ticket;
    }

    public GroupTicket? TakeJoin(GroupMember member)
    {
        var ticket = member.ParkedJoin;
        ParkedJoins -= ticket is null ? 0 : 1;
        member.ParkedJoin = null;
        return ticket;
    }

    public bool OffersOneOf(IReadOnlyList<GroupProtocol> protocols) => protocols.Any(protocol => _vote.AllOffer(protocol.Name, Count));

    public string? ElectProtocol() => _vote.Elect(Members);

    /// <summary>Keeps the leader if it rejoined, else takes the first member that did. False if nobody did.</summary>
    public bool ElectLeader()
    {
        if (LeaderId is null)
        {
            return false;
        }

        if (_members[LeaderId].ParkedJoin is null)
        {
            var successor = _members.Values.FirstOrDefault(member => member.ParkedJoin is not null);
            LeaderId = successor?.Id ?? LeaderId;
            return successor is not null;
        }

        return true;
    }

    private void Forget(GroupMember member)
    {
        if (member.IsParked)
        {
            throw new InvalidOperationException($"Member {member.Id} leaves while a ticket of its is open.");
        }

        _vote.Remove(member);
        Bytes -= member.Bytes;
        _heldBytes -= member.HeldBytes;
        PendingSync.Remove(member.Id);
        if (member.InstanceId is not null)
        {
            _staticMembers.Remove(member.InstanceId);
        }
    }
}
