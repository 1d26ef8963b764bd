using OrleansStream.Coordination.Groups.Effects;

namespace OrleansStream.Coordination.Groups.Requests;

/// <summary>A member asks for its assignment; the leader brings everybody's.</summary>
public sealed record SyncRequest
{
    public required string MemberId { get; init; }

    public string? InstanceId { get; init; }

    public required int Generation { get; init; }

    /// <summary>Null before version 5: not checked.</summary>
    public string? ProtocolType { get; init; }

    /// <summary>Null before version 5: not checked.</summary>
    public string? ProtocolName { get; init; }

    /// <summary>Empty for followers. Names that are no member's are ignored, members that are not named get nothing.</summary>
    public IReadOnlyList<MemberAssignment> Assignments { get; init; } = [];
}

/// <summary>What a leader gives to one member. The array is the group's from then on.</summary>
public readonly record struct MemberAssignment(string MemberId, byte[] Assignment);

/// <summary>What SyncGroup says.</summary>
public sealed record SyncAnswer : GroupAnswer
{
    public string? ProtocolType { get; init; }

    public string? ProtocolName { get; init; }

    public byte[] Assignment { get; init; } = [];
}
