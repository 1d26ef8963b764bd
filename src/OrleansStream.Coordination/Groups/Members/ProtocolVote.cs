namespace OrleansStream.Coordination.Groups.Members;

/// <summary>Counts who offers which protocol, and elects one that everybody offers.</summary>
internal sealed class ProtocolVote
{
    private readonly Dictionary<string, int> _supporters = [];

    public void Add(GroupMember member)
    {
        foreach (var protocol in member.Protocols)
        {
            _supporters[protocol.Name] = _supporters.GetValueOrDefault(protocol.Name) + 1;
        }
    }

    public void Remove(GroupMember member)
    {
        foreach (var protocol in member.Protocols)
        {
            if (--_supporters[protocol.Name] == 0)
            {
                _supporters.Remove(protocol.Name);
            }
        }
    }

    public bool AllOffer(string protocol, int members) => _supporters.GetValueOrDefault(protocol) == members;

    /// <summary>The protocol with the most votes; each member votes for the first of its own that all offer. Of equals, the one that was voted for first.</summary>
    public string? Elect(IReadOnlyCollection<GroupMember> members)
    {
        var votes = new OrderedDictionary<string, int>();
        foreach (var member in members)
        {
            foreach (var protocol in member.Protocols)
            {
                if (AllOffer(protocol.Name, members.Count))
                {
                    votes[protocol.Name] = votes.GetValueOrDefault(protocol.Name) + 1;
                    break;
                }
            }
        }

        string? best = null;
        foreach (var (name, count) in votes)
        {
            best = best is null || count > votes[best] ? name : best;
        }

        return best;
    }
}
