using OrleansStream.Coordination.Groups.Effects;
using OrleansStream.Coordination.Groups.Journal;
using OrleansStream.Coordination.Groups.Members;
using OrleansStream.Coordination.Groups.Memory;
using OrleansStream.Model.Errors;

namespace OrleansStream.Coordination.Groups;

/// <summary>What a group consists of; the rules in the folders beside this file work on it.</summary>
internal sealed class GroupContents
{
    public GroupContents(string groupId, GroupOptions options, Func<Guid> newGuid, GroupBudget budget)
    {
        GroupId = groupId;
        Options = options;
        NewGuid = newGuid;
        Share = new GroupShare(budget, Held);
    }

    public string GroupId { get; }

    public GroupOptions Options { get; }

    public Func<Guid> NewGuid { get; }

    /// <summary>The time of the event that is being handled.</summary>
    public DateTimeOffset Now { get; set; } = DateTimeOffset.MinValue;

    public GroupStanding Standing { get; } = new();

    public GroupRoster Roster { get; } = new();

    public SessionTimers Sessions { get; } = new();

    public GroupOutbox Outbox { get; } = new();

    public DurableGroup Durable { get; } = new();

    public GroupShare Share { get; }

    /// <summary>Checks that a member id is known and, with an instance id, that it is the one that holds it now.</summary>
    public ErrorCode CheckMember(string memberId, string? instanceId)
    {
        if (instanceId is not null)
        {
            var holder = Roster.FindStatic(instanceId);
            if (holder is null)
            {
                return ErrorCode.UnknownMemberId;
            }

            if (holder.Id != memberId)
            {
                return ErrorCode.FencedInstanceId;
            }
        }

        return Roster.Find(memberId) is null ? ErrorCode.UnknownMemberId : ErrorCode.None;
    }

    /// <summary>Starts the member's session anew. A parked member's client cannot send heartbeats, so its session stands still until it is answered.</summary>
    public void RefreshSession(GroupMember member)
    {
        if (!member.IsParked)
        {
            Sessions.Start(member.Id, Now + member.SessionTimeout);
        }
    }

    /// <summary>The generation as it is to be stored, each member with the assignment that <paramref name="assignmentOf"/> gives.</summary>
    public MetadataStored Capture(Func<GroupMember, byte[]> assignmentOf) => new(new GroupMetadata
    {
        Generation = Standing.Generation,
        ProtocolType = Standing.ProtocolType,
        ProtocolName = Standing.ProtocolName,
        LeaderId = Roster.LeaderId,
        StateTimestampMs = Standing.StateSince.ToUnixTimeMilliseconds(),
        Members = [.. Roster.Members.Select(member => member.ToStored(assignmentOf(member)))],
    });

    /// <summary>What the members of the current generation subscribed to, as far as the broker can read it.</summary>
    public void ReadSubscriptions()
    {
        Standing.Subscribe(null);
        if (!Standing.UsesConsumerProtocol)
        {
            return;
        }

        var topics = new HashSet<string>();
        foreach (var member in Roster.Members)
        {
            if (!ConsumerSubscription.TryAddTopics(member.MetadataFor(Standing.ProtocolName), topics))
            {
                return;
            }
        }

        // Many short names take several times the bytes that they came in. Without room for them they stay unknown, which keeps every offset.
        if (Share.TryGrow(HeldBytes.OfTopics(topics)))
        {
            Standing.Subscribe(topics);
        }
    }

    private GroupSize Held()
    {
        var isGroup = Standing.State is not GroupState.Dead;
        var bytes = (isGroup ? HeldBytes.Group : 0) + Roster.HeldBytes + Standing.SubscribedBytes + Durable.HeldBytes + Outbox.HeldBytes;
        return new GroupSize(isGroup ? 1 : 0, Roster.Count, Durable.Offsets.Count, bytes);
    }
}
