using OrleansStream.Coordination.Groups.Effects;
using OrleansStream.Model.Errors;

namespace OrleansStream.Coordination.Groups.Requests;

/// <summary>Who leaves. An empty member id with an instance id is an administrator who removes a static member.</summary>
public readonly record struct LeavingMember(string MemberId, string? InstanceId, string? Reason = null);

/// <summary>What became of one of them.</summary>
public readonly record struct LeftMember(string MemberId, string? InstanceId, ErrorCode Error);

/// <summary>What LeaveGroup says: a code for all and, in the order asked, one for each. Versions 0 to 2 carry only one: the first member's unless the code for all is set.</summary>
public sealed record LeaveAnswer : GroupAnswer
{
    public IReadOnlyList<LeftMember> Members { get; init; } = [];
}
