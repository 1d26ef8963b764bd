using OrleansStream.Coordination.Groups.Requests;
using OrleansStream.Model.Errors;

namespace OrleansStream.Coordination.Groups.Rebalancing;

/// <summary>Heartbeat: keeps a session alive and tells the member to rejoin when a rebalance runs.</summary>
internal sealed class Heartbeats(GroupContents group)
{
    public ErrorCode Beat(HeartbeatRequest request)
    {
        if (group.Standing.IsBeingDeleted)
        {
            return ErrorCode.CoordinatorNotAvailable;
        }

        var error = group.CheckMember(request.MemberId, request.InstanceId);
        if (error is not ErrorCode.None)
        {
            return error;
        }

        if (request.Generation != group.Standing.Generation)
        {
            return ErrorCode.IllegalGeneration;
        }

        group.RefreshSession(group.Roster.Find(request.MemberId)!);
        return group.Standing.State is GroupState.PreparingRebalance ? ErrorCode.RebalanceInProgress : ErrorCode.None;
    }
}
