using OrleansStream.Coordination.Groups.Members;
using OrleansStream.Coordination.Groups.Requests;
using OrleansStream.Model.Errors;

namespace OrleansStream.Coordination.Groups.Rebalancing;

/// <summary>Answers to members: the current generation, their assignment, or an error; and what each means for the member's session.</summary>
internal sealed class Answers(GroupContents group)
{
    public JoinAnswer CurrentGeneration(GroupMember member) => new()
    {
        MemberId = member.Id,
        Generation = group.Standing.Generation,
        ProtocolType = group.Standing.ProtocolType,
        ProtocolName = group.Standing.ProtocolName,
        LeaderId = group.Roster.LeaderId ?? "",
        Members = member.Id == group.Roster.LeaderId ? AllMembers() : [],
    };

    public SyncAnswer Assignment(GroupMember member) => new()
    {
        ProtocolType = group.Standing.ProtocolType,
        ProtocolName = group.Standing.ProtocolName,
        Assignment = member.Assignment,
    };

    /// <summary>Parks a join. The session stands still, but for a new member: its join itself has a time limit.</summary>
    public void ParkJoin(GroupMember member, Effects.GroupTicket ticket)
    {
        // The client gave up the older request, so nobody reads this; but a ticket is always completed.
        CompleteJoin(member, JoinAnswer.Failed(ErrorCode.RebalanceInProgress, member.Id));
        group.Roster.ParkJoin(member, ticket);
        if (!member.IsNew)
        {
            group.Sessions.Stop(member.Id);
        }
        else if (!group.Sessions.IsRunning(member.Id))
        {
            group.Sessions.Start(member.Id, group.Now + group.Options.NewMemberJoinTimeout);
        }
    }

    public void ParkSync(GroupMember member, Effects.GroupTicket ticket)
    {
        CompleteSync(member, new SyncAnswer { Error = ErrorCode.RebalanceInProgress });
        member.ParkedSync = ticket;
        group.Sessions.Stop(member.Id);
    }

    public bool CompleteJoin(GroupMember member, JoinAnswer answer)
    {
        if (group.Roster.TakeJoin(member) is not { } ticket)
        {
            return false;
        }

        group.Outbox.Complete(ticket, answer);
        return true;
    }

    public void CompleteSync(GroupMember member, SyncAnswer answer)
    {
        if (member.ParkedSync is not { } ticket)
        {
            return;
        }

        member.ParkedSync = null;
        group.Outbox.Complete(ticket, answer);
        group.RefreshSession(member);
    }

    /// <summary>Takes a member out of the group, answers what it waits for and forgets its session.</summary>
    public void Dismiss(GroupMember member, ErrorCode error)
    {
        var memberId = error is ErrorCode.UnknownMemberId ? "" : member.Id;
        CompleteJoin(member, JoinAnswer.Failed(error, memberId));
        CompleteSync(member, new SyncAnswer { Error = error });
        group.Roster.Remove(member);
        group.Sessions.Stop(member.Id);
    }

    private List<JoinedMember> AllMembers() =>
        [.. group.Roster.Members.Select(member => new JoinedMember(member.Id, member.InstanceId, member.MetadataFor(group.Standing.ProtocolName)))];
}
