using OrleansStream.Coordination.Groups.Effects;
using OrleansStream.Coordination.Groups.Journal;
using OrleansStream.Coordination.Groups.Members;
using OrleansStream.Coordination.Groups.Requests;
using OrleansStream.Model.Errors;

namespace OrleansStream.Coordination.Groups.Rebalancing;

/// <summary>A static member that comes back under a new id: the old id is fenced, and if the group is stable nobody else notices.</summary>
internal sealed class StaticReturn(GroupContents group, Answers answers, Rebalance rebalance)
{
    public Reply<JoinAnswer> Replace(GroupMember old, JoinRequest request, string newId)
    {
        var leaderBefore = group.Roster.LeaderId ?? "";
        var successor = GroupMember.From(request, newId);
        var growth = successor.HeldBytes - old.HeldBytes;

        // Twice, as for one who joins.
        if (group.Roster.Bytes - (long)old.Bytes + successor.Bytes > group.Options.MaxMemberBytes || !group.Share.TryGrow(2 * growth))
        {
            return new(JoinAnswer.Failed(ErrorCode.GroupMaxSizeReached, ""));
        }

        successor.IsNew = old.IsNew;
        successor.Assignment = old.Assignment;
        Exchange(old, successor);

        var ticket = group.Outbox.NewTicket(static error => JoinAnswer.Failed(error, ""));
        answers.ParkJoin(successor, ticket);
        if (group.Standing.State is GroupState.Stable && group.Roster.ElectProtocol() == group.Standing.ProtocolName)
        {
            group.Outbox.Write(
                [group.Capture(member => member.Assignment)],
                () => OnStored(successor, ticket, request.CanSkipAssignment ? null : leaderBefore),
                error => OnFailed(old, successor, ticket, error));
        }
        else
        {
            // The leader may already assign to the old id, or the choice of protocol changes.
            rebalance.StartOrFinish($"static member {request.InstanceId} comes back as {newId}");
        }

        return group.Outbox.ReplyFor<JoinAnswer>(ticket);
    }

    private void Exchange(GroupMember old, GroupMember successor)
    {
        answers.CompleteJoin(old, JoinAnswer.Failed(ErrorCode.FencedInstanceId, old.Id));
        answers.CompleteSync(old, new SyncAnswer { Error = ErrorCode.FencedInstanceId });
        group.Sessions.Stop(old.Id);
        group.Roster.Replace(old, successor);
        group.Outbox.Say(GroupEventKind.MemberFenced, old.Id);
    }

    // A rebalance may have begun meanwhile; the member then counts as rejoined and is answered with the others.
    private bool StillWaits(GroupMember successor, GroupTicket ticket) =>
        successor.ParkedJoin == ticket && group.Standing.State is GroupState.Stable && group.Roster.Find(successor.Id) == successor;

    private void OnStored(GroupMember successor, GroupTicket ticket, string? leaderBefore)
    {
        if (!StillWaits(successor, ticket))
        {
            return;
        }

        successor.IsNew = false;
        group.ReadSubscriptions();
        var answer = answers.CurrentGeneration(successor);
        var isLeader = successor.Id == group.Roster.LeaderId;

        // A client that cannot be told to skip the assignment must not find itself the leader: it would assign and nobody would sync.
        answers.CompleteJoin(successor, leaderBefore is null
            ? answer with { SkipAssignment = isLeader }
            : answer with { LeaderId = leaderBefore, Members = [] });
        group.RefreshSession(successor);
    }

    private void OnFailed(GroupMember old, GroupMember successor, GroupTicket ticket, ErrorCode error)
    {
        if (!StillWaits(successor, ticket))
        {
            return;
        }

        answers.CompleteJoin(successor, JoinAnswer.Failed(JournalErrors.ForClients(error), ""));
        group.Sessions.Stop(successor.Id);
        group.Roster.Replace(successor, old);
        group.RefreshSession(old);
    }
}
