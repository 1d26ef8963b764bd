using OrleansStream.Coordination.Groups.Effects;
using OrleansStream.Coordination.Groups.Requests;
using OrleansStream.Model.Errors;

namespace OrleansStream.Coordination.Groups.Rebalancing;

/// <summary>Members that go: because they say so, because an administrator does, or because their session ended.</summary>
internal sealed class Leaving(GroupContents group, Answers answers, Rebalance rebalance)
{
    public LeaveAnswer Leave(IReadOnlyList<LeavingMember> members)
    {
        if (group.Standing.IsBeingDeleted)
        {
            return new LeaveAnswer { Error = ErrorCode.CoordinatorNotAvailable };
        }

        var left = new List<LeftMember>(members.Count);
        foreach (var leaving in members)
        {
            left.Add(new LeftMember(leaving.MemberId, leaving.InstanceId, LeaveOne(leaving)));
        }

        if (left.Exists(member => member.Error is ErrorCode.None))
        {
            rebalance.OnMembersLeft("members left");
        }

        return new LeaveAnswer { Members = left };
    }

    public void OnTimer()
    {
        foreach (var id in group.Sessions.TakeExpired(group.Now))
        {
            if (group.Roster.Pending.Remove(id))
            {
                rebalance.FinishIfAllJoined();
            }
            else if (group.Roster.Find(id) is { } member && (member.IsNew || !member.IsParked))
            {
                group.Outbox.Say(GroupEventKind.MemberExpired, $"{id} was not heard of for {member.SessionTimeout}");
                answers.Dismiss(member, ErrorCode.UnknownMemberId);
                rebalance.OnMembersLeft($"the session of {id} ended");
            }
        }
    }

    private ErrorCode LeaveOne(LeavingMember leaving)
    {
        if (group.Roster.Pending.Contains(leaving.MemberId))
        {
            group.Roster.Pending.Remove(leaving.MemberId);
            group.Sessions.Stop(leaving.MemberId);
            return ErrorCode.None;
        }

        if (leaving.MemberId.Length > 0 && group.CheckMember(leaving.MemberId, leaving.InstanceId) is not ErrorCode.None and var error)
        {
            return error;
        }

        var member = leaving.MemberId.Length > 0 ? group.Roster.Find(leaving.MemberId) : group.Roster.FindStatic(leaving.InstanceId);
        if (member is null)
        {
            return ErrorCode.UnknownMemberId;
        }

        answers.Dismiss(member, ErrorCode.UnknownMemberId);
        return ErrorCode.None;
    }
}
