using OrleansStream.Coordination.Groups.Memory;

namespace OrleansStream.Coordination.Groups;

/// <summary>Which state and generation the group is in.</summary>
internal sealed class GroupStanding
{
    /// <summary>The protocol type whose metadata the broker may read.</summary>
    public const string ConsumerProtocolType = "consumer";

    public GroupState State { get; private set; }

    public GroupState PreviousState { get; private set; }

    public DateTimeOffset StateSince { get; private set; }

    public int Generation { get; set; }

    /// <summary>Stays when the group becomes empty; null for a group that never had members.</summary>
    public string? ProtocolType { get; set; }

    public string? ProtocolName { get; set; }

    /// <summary>Null if unknown: no consumers, or metadata that is no subscription.</summary>
    public IReadOnlySet<string>? SubscribedTopics { get; private set; }

    /// <summary>What they occupy.</summary>
    public long SubscribedBytes { get; private set; }

    /// <summary>Its removal is on the way to the journal.</summary>
    public bool IsBeingDeleted { get; set; }

    /// <summary>The generation whose assignment is on the way to the journal.</summary>
    public int? AssignmentInFlight { get; set; }

    public bool UsesConsumerProtocol => ProtocolType == ConsumerProtocolType;

    public bool HasMembers => State is GroupState.PreparingRebalance or GroupState.CompletingRebalance or GroupState.Stable;

    public void MoveTo(GroupState state, DateTimeOffset now)
    {
        PreviousState = State;
        State = state;
        StateSince = now;
    }

    public void Subscribe(IReadOnlySet<string>? topics)
    {
        SubscribedTopics = topics;
        SubscribedBytes = topics is null ? 0 : HeldBytes.OfTopics(topics);
    }

    public void Forget(DateTimeOffset now)
    {
        MoveTo(GroupState.Dead, now);
        Generation = 0;
        ProtocolType = ProtocolName = null;
        Subscribe(null);
        IsBeingDeleted = false;
        AssignmentInFlight = null;
    }

    // Unknown subscriptions of consumers count as all topics: an offset in use must not expire.
    public bool IsSubscribedTo(string topic) => SubscribedTopics?.Contains(topic) ?? UsesConsumerProtocol;
}
