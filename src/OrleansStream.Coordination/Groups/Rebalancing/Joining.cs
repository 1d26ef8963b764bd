using OrleansStream.Coordination.Groups.Effects;
using OrleansStream.Coordination.Groups.Members;
using OrleansStream.Coordination.Groups.Memory;
using OrleansStream.Coordination.Groups.Requests;
using OrleansStream.Model.Errors;

namespace OrleansStream.Coordination.Groups.Rebalancing;

/// <summary>JoinGroup: who may come in, under which id, and whether that needs a new generation.</summary>
/// <remarks>
/// Where there is no room left for members the answer is 81, whether the group is full or the broker: Kafka's clients give it to the application at once. With 15
/// they would come back every 100 ms without a word to anybody, and the others would wait for them until the rebalance timeout.
/// </remarks>
internal sealed class Joining(GroupContents group, Answers answers, Rebalance rebalance, StaticReturn staticReturn)
{
    // A generated id must fit the protocol's strings however long the client's name is.
    private const int MaxIdPrefix = 255;

    private GroupStanding Standing => group.Standing;

    private GroupRoster Roster => group.Roster;

    public Reply<JoinAnswer> Join(JoinRequest request)
    {
        if (Refusal(request) is { } refusal)
        {
            return new(refusal);
        }

        if (Standing.State is GroupState.Dead)
        {
            Standing.MoveTo(GroupState.Empty, group.Now);
        }

        if (Roster.Find(request.MemberId) is { } member)
        {
            return Rejoin(member, request);
        }

        if (request.MemberId.Length > 0)
        {
            return Roster.Pending.Contains(request.MemberId) ? Admit(request, request.MemberId) : new(Failed(ErrorCode.UnknownMemberId, request));
        }

        var id = $"{Prefix(request.InstanceId ?? request.ClientId)}-{group.NewGuid()}";
        return Roster.FindStatic(request.InstanceId) is { } current ? staticReturn.Replace(current, request, id)
            : request.InstanceId is null && request.RequiresKnownMemberId ? HandOutId(request, id)
            : Admit(request, id);
    }

    private static JoinAnswer Failed(ErrorCode error, JoinRequest request) => JoinAnswer.Failed(error, request.MemberId);

    private static string Prefix(string name) => name.Length <= MaxIdPrefix ? name : name[..MaxIdPrefix];

    private JoinAnswer? Refusal(JoinRequest request)
    {
        if (request.SessionTimeout < group.Options.MinSessionTimeout || request.SessionTimeout > group.Options.MaxSessionTimeout)
        {
            return Failed(ErrorCode.InvalidSessionTimeout, request);
        }

        if (Standing.IsBeingDeleted)
        {
            return Failed(ErrorCode.CoordinatorNotAvailable, request);
        }

        if (Standing.State is GroupState.Dead && request.MemberId.Length > 0)
        {
            return Failed(ErrorCode.UnknownMemberId, request);
        }

        if (!HasRoomFor(request.MemberId))
        {
            TurnAway(request.MemberId);
            return JoinAnswer.Failed(ErrorCode.GroupMaxSizeReached, "");
        }

        return Supports(request) ? UnknownMember(request) : Failed(ErrorCode.InconsistentGroupProtocol, request);
    }

    private JoinAnswer? UnknownMember(JoinRequest request)
    {
        if (request.MemberId.Length == 0 || (request.InstanceId is null && Roster.Pending.Contains(request.MemberId)))
        {
            return null;
        }

        var error = group.CheckMember(request.MemberId, request.InstanceId);
        return error is ErrorCode.None ? null : Failed(error, request);
    }

    // In a rebalance the places go to those who have rejoined; else members have theirs and only newcomers are counted.
    private bool HasRoomFor(string memberId) => Standing.State switch
    {
        GroupState.PreparingRebalance => Roster.Find(memberId) is { ParkedJoin: not null } || Roster.ParkedJoins < group.Options.MaxSize,
        GroupState.CompletingRebalance or GroupState.Stable => Roster.Find(memberId) is not null || Roster.Count < group.Options.MaxSize,
        _ => true,
    };

    private void TurnAway(string memberId)
    {
        if (Roster.Pending.Remove(memberId))
        {
            group.Sessions.Stop(memberId);
        }
        else if (Roster.Find(memberId) is { } member)
        {
            answers.Dismiss(member, ErrorCode.GroupMaxSizeReached);
        }

        rebalance.FinishIfAllJoined();
    }

    private bool Supports(JoinRequest request) => Roster.Count == 0
        ? request.ProtocolType.Length > 0 && request.Protocols.Count > 0
        : request.ProtocolType == Standing.ProtocolType && Roster.OffersOneOf(request.Protocols);

    private Reply<JoinAnswer> HandOutId(JoinRequest request, string id)
    {
        if (Roster.Pending.Count >= group.Options.MaxPendingMembers)
        {
            return new(Failed(ErrorCode.CoordinatorNotAvailable, request));
        }

        if (!group.Share.TryGrow(HeldBytes.PendingMember))
        {
            return new(JoinAnswer.Failed(ErrorCode.GroupMaxSizeReached, ""));
        }

        Roster.Pending.Add(id);
        group.Sessions.Start(id, group.Now + request.SessionTimeout);
        return new(JoinAnswer.Failed(ErrorCode.MemberIdRequired, id));
    }

    // Room for twice the member: who is let in must fit into the generation that is stored, too, or each sync would fail.
    private Reply<JoinAnswer> Admit(JoinRequest request, string id)
    {
        var member = GroupMember.From(request, id);
        if (Roster.Bytes + (long)member.Bytes > group.Options.MaxMemberBytes || !group.Share.TryGrow(2 * member.HeldBytes))
        {
            TurnAway(id);
            return new(JoinAnswer.Failed(ErrorCode.GroupMaxSizeReached, ""));
        }

        if (Roster.Count == 0)
        {
            Standing.ProtocolType = request.ProtocolType;
        }

        rebalance.NoteNewMember();
        Roster.Add(member);
        group.Sessions.Stop(id);
        return ParkAndRebalance(member, $"{id} joins: {request.Reason ?? "no reason given"}");
    }

    private Reply<JoinAnswer> Rejoin(GroupMember member, JoinRequest request) => Standing.State switch
    {
        GroupState.PreparingRebalance => UpdateAndRebalance(member, request),
        GroupState.CompletingRebalance when member.Offers(request.Protocols) => Current(member),
        GroupState.CompletingRebalance => UpdateAndRebalance(member, request),
        GroupState.Stable when member.Id != Roster.LeaderId && member.Offers(request.Protocols) => Current(member),
        GroupState.Stable => UpdateAndRebalance(member, request),
        _ => new(Failed(ErrorCode.UnknownMemberId, request)),
    };

    private Reply<JoinAnswer> Current(GroupMember member)
    {
        group.RefreshSession(member);
        return new(answers.CurrentGeneration(member));
    }

    private Reply<JoinAnswer> UpdateAndRebalance(GroupMember member, JoinRequest request)
    {
        var protocols = GroupMember.Unique(request.Protocols);
        if (Roster.Bytes - (long)GroupMember.BytesOf(member.Protocols) + GroupMember.BytesOf(protocols) > group.Options.MaxMemberBytes
            || !group.Share.TryGrow(2 * (HeldBytes.OfProtocols(protocols) - HeldBytes.OfProtocols(member.Protocols))))
        {
            return new(Failed(ErrorCode.GroupMaxSizeReached, request));
        }

        Roster.Update(member, protocols, request.SessionTimeout, GroupMember.RebalanceTimeoutOf(request));
        return ParkAndRebalance(member, $"{member.Id} rejoins: {request.Reason ?? "no reason given"}");
    }

    private Reply<JoinAnswer> ParkAndRebalance(GroupMember member, string reason)
    {
        var ticket = group.Outbox.NewTicket(static error => JoinAnswer.Failed(error, ""));
        answers.ParkJoin(member, ticket);
        rebalance.StartOrFinish(reason);
        return group.Outbox.ReplyFor<JoinAnswer>(ticket);
    }
}
