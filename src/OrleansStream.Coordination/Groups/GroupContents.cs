using OrleansStream.Coordination.Groups.Effects;
using OrleansStream.Coordination.Groups.Journal;
using OrleansStream.Coordination.Groups.Members;
using OrleansStream.Model.Errors;

namespace OrleansStream.Coordination.Groups;

/// <summary>What a group consists of; the rules in the folders beside this file work on it.</summary>
internal sealed class GroupContents(string groupId, GroupOptions options, Func<Guid> newGuid)
{
    public string GroupId => groupId;

    public GroupOptions Options => options;

    public Func<Guid> NewGuid => newGuid;

    /// <summary>The time of the event that is being handled.</summary>
    public DateTimeOffset Now { get; set; } = DateTimeOffset.MinValue;

    public GroupStanding Standing { get; } = new();

    public GroupRoster Roster { get; } = new();

    public SessionTimers Sessions { get; } = new();

    public GroupOutbox Outbox { get; } = new();

    public DurableGroup Durable { get; } = new();

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
        Standing.SubscribedTopics = null;
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

        Standing.SubscribedTopics = topics;
    }
}
