namespace OrleansStream.Abstractions.Groups;

/// <summary>Members leave, or an administrator removes static ones.</summary>
[GenerateSerializer, Immutable, Alias("os.LeaveRequest")]
public sealed record LeaveRequest(IReadOnlyList<LeavingMember> Members);

/// <summary>Who leaves. An empty member id with an instance id is an administrator who removes a static member.</summary>
[GenerateSerializer, Immutable, Alias("os.LeavingMember")]
public readonly record struct LeavingMember(string MemberId, string? InstanceId, string? Reason);

/// <summary>A code for all and, in the order asked, one for each.</summary>
[GenerateSerializer, Immutable, Alias("os.LeaveAnswer")]
public sealed record LeaveAnswer(ErrorCode Error, IReadOnlyList<LeftMember> Members);

/// <summary>What became of one of them.</summary>
[GenerateSerializer, Immutable, Alias("os.LeftMember")]
public readonly record struct LeftMember(string MemberId, string? InstanceId, ErrorCode Error);
