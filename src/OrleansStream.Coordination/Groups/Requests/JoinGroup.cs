using OrleansStream.Coordination.Groups.Effects;
using OrleansStream.Model.Errors;

namespace OrleansStream.Coordination.Groups.Requests;

/// <summary>A client wants to be a member of the next generation.</summary>
public sealed record JoinRequest
{
    /// <summary>Empty for a client that has no id yet.</summary>
    public required string MemberId { get; init; }

    /// <summary>Set for a static member (version 5 and later).</summary>
    public string? InstanceId { get; init; }

    public string ClientId { get; init; } = "";

    public string ClientHost { get; init; } = "";

    public required TimeSpan SessionTimeout { get; init; }

    /// <summary>Null in version 0, which has none: the session timeout then counts.</summary>
    public TimeSpan? RebalanceTimeout { get; init; }

    public required string ProtocolType { get; init; }

    /// <summary>In order of preference.</summary>
    public required IReadOnlyList<GroupProtocol> Protocols { get; init; }

    /// <summary>Version 4 and later: a dynamic member without an id is told one (79) and must come again.</summary>
    public bool RequiresKnownMemberId { get; init; } = true;

    /// <summary>Version 9 and later: a static leader that comes back can be told not to assign.</summary>
    public bool CanSkipAssignment { get; init; } = true;

    /// <summary>Why the client joins, for the log (version 8 and later).</summary>
    public string? Reason { get; init; }
}

/// <summary>What JoinGroup says.</summary>
public sealed record JoinAnswer : GroupAnswer
{
    /// <summary>The member's id: with 79 the one to come again with.</summary>
    public string MemberId { get; init; } = "";

    public int Generation { get; init; } = -1;

    public string? ProtocolType { get; init; }

    public string? ProtocolName { get; init; }

    public string LeaderId { get; init; } = "";

    /// <summary>All members for the leader, nobody for the others.</summary>
    public IReadOnlyList<JoinedMember> Members { get; init; } = [];

    public bool SkipAssignment { get; init; }

    internal static JoinAnswer Failed(ErrorCode error, string memberId) => new() { Error = error, MemberId = memberId };
}

/// <summary>A member as the leader sees it. <paramref name="Metadata"/> is what it said for the chosen protocol.</summary>
public sealed record JoinedMember(string MemberId, string? InstanceId, byte[] Metadata);
