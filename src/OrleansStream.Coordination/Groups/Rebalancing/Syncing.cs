using OrleansStream.Coordination.Groups.Effects;
using OrleansStream.Coordination.Groups.Journal;
using OrleansStream.Coordination.Groups.Members;
using OrleansStream.Coordination.Groups.Memory;
using OrleansStream.Coordination.Groups.Requests;
using OrleansStream.Model.Errors;

namespace OrleansStream.Coordination.Groups.Rebalancing;

/// <summary>SyncGroup: the leader's assignment is stored, then everybody is told its part.</summary>
internal sealed class Syncing(GroupContents group, Answers answers, Rebalance rebalance)
{
    public Reply<SyncAnswer> Sync(SyncRequest request)
    {
        if (Check(request) is not ErrorCode.None and var error)
        {
            return new(new SyncAnswer { Error = error });
        }

        var member = group.Roster.Find(request.MemberId)!;
        rebalance.NoteSync(member.Id);
        if (group.Standing.State is GroupState.Stable)
        {
            group.RefreshSession(member);
            return new(answers.Assignment(member));
        }

        var ticket = group.Outbox.NewTicket(static error => new SyncAnswer { Error = error });
        answers.ParkSync(member, ticket);
        if (member.Id == group.Roster.LeaderId && group.Standing.AssignmentInFlight != request.Generation)
        {
            Store(request);
        }

        return group.Outbox.ReplyFor<SyncAnswer>(ticket);
    }

    private ErrorCode Check(SyncRequest request)
    {
        if (group.Standing.IsBeingDeleted)
        {
            return ErrorCode.CoordinatorNotAvailable;
        }

        var member = group.CheckMember(request.MemberId, request.InstanceId);
        return member is not ErrorCode.None ? member
            : request.Generation != group.Standing.Generation ? ErrorCode.IllegalGeneration
            : Differs(request.ProtocolType, group.Standing.ProtocolType) || Differs(request.ProtocolName, group.Standing.ProtocolName) ? ErrorCode.InconsistentGroupProtocol
            : group.Standing.State is GroupState.PreparingRebalance ? ErrorCode.RebalanceInProgress
            : ErrorCode.None;
    }

    private static bool Differs(string? said, string? current) => said is not null && said != current;

    private void Store(SyncRequest request)
    {
        var assignments = new Dictionary<string, byte[]>();
        var bytes = 0L;
        foreach (var (memberId, assignment) in request.Assignments)
        {
            if (group.Roster.Find(memberId) is not null)
            {
                assignments[memberId] = assignment;
                bytes += assignment.Length;
            }
        }

        if (bytes > group.Options.MaxAssignmentBytes)
        {
            Fail(ErrorCode.UnknownServerError);
            return;
        }

        // The members are in already and may stay: 15 brings them back, as after a failed write, until there is room. Another code would end their applications.
        var captured = group.Capture(member => AssignmentOf(assignments, member));
        if (!group.Share.TryGrow(HeldBytes.OfGeneration(captured.Metadata) - group.Durable.GenerationBytes))
        {
            Fail(ErrorCode.CoordinatorNotAvailable);
            return;
        }

        var generation = request.Generation;
        group.Standing.AssignmentInFlight = generation;
        group.Outbox.Write([captured], () => OnStored(generation, assignments), error => OnFailed(generation, error));
    }

    private static byte[] AssignmentOf(Dictionary<string, byte[]> assignments, GroupMember member) => assignments.GetValueOrDefault(member.Id) ?? [];

    // A rebalance may have begun while the journal wrote; what was assigned then is nobody's any more.
    private bool IsCurrent(int generation)
    {
        var inFlight = group.Standing.AssignmentInFlight == generation;
        group.Standing.AssignmentInFlight = inFlight ? null : group.Standing.AssignmentInFlight;
        return group.Standing.State is GroupState.CompletingRebalance && group.Standing.Generation == generation;
    }

    private void OnStored(int generation, Dictionary<string, byte[]> assignments)
    {
        if (!IsCurrent(generation))
        {
            return;
        }

        group.Standing.MoveTo(GroupState.Stable, group.Now);
        foreach (var member in group.Roster.Members)
        {
            member.Assignment = AssignmentOf(assignments, member);
            answers.CompleteSync(member, answers.Assignment(member));
        }

        group.Outbox.Say(GroupEventKind.AssignmentStored, group.Roster.LeaderId ?? "", group.Roster.Count);
    }

    private void OnFailed(int generation, ErrorCode error)
    {
        if (IsCurrent(generation))
        {
            Fail(JournalErrors.ForClients(error));
        }
    }

    private void Fail(ErrorCode error)
    {
        rebalance.WithdrawAssignments(error);
        rebalance.Prepare($"the assignment could not be stored: {error}");
    }
}
