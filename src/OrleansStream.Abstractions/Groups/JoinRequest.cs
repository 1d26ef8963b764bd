namespace OrleansStream.Abstractions.Groups;

/// <summary>A client wants to be a member of the next generation.</summary>
[GenerateSerializer, Immutable, Alias("os.JoinRequest")]
public sealed record JoinRequest
{
    /// <summary>Empty for a client that has no id yet.</summary>
    [Id(0)]
    public required string MemberId { get; init; }

    /// <summary>Set for a static member (version 5 and later).</summary>
    [Id(1)]
    public string? InstanceId { get; init; }

    [Id(2)]
    public string ClientId { get; init; } = "";

    [Id(3)]
    public string ClientHost { get; init; } = "";

    [Id(4)]
    public required TimeSpan SessionTimeout { get; init; }

    /// <summary>Null in version 0, which has none.</summary>
    [Id(5)]
    public TimeSpan? RebalanceTimeout { get; init; }

    [Id(6)]
    public required string ProtocolType { get; init; }

    /// <summary>In order of preference.</summary>
    [Id(7)]
    public required IReadOnlyList<MemberProtocol> Protocols { get; init; }

    /// <summary>Version 4 and later: a dynamic member without an id is told one and must come again.</summary>
    [Id(8)]
    public bool RequiresKnownMemberId { get; init; } = true;

    /// <summary>Version 9 and later.</summary>
    [Id(9)]
    public bool CanSkipAssignment { get; init; } = true;

    [Id(10)]
    public string? Reason { get; init; }
}

/// <summary>One way of sharing out work that a member offers.</summary>
[GenerateSerializer, Immutable, Alias("os.MemberProtocol")]
public readonly record struct MemberProtocol(string Name, byte[] Metadata);

/// <summary>What JoinGroup says.</summary>
[GenerateSerializer, Immutable, Alias("os.JoinAnswer")]
public sealed record JoinAnswer
{
    [Id(0)]
    public ErrorCode Error { get; init; }

    [Id(1)]
    public string MemberId { get; init; } = "";

    [Id(2)]
    public int Generation { get; init; } = -1;

    [Id(3)]
    public string? ProtocolType { get; init; }

    [Id(4)]
    public string? ProtocolName { get; init; }

    [Id(5)]
    public string LeaderId { get; init; } = "";

    /// <summary>All members for the leader, nobody for the others.</summary>
    [Id(6)]
    public IReadOnlyList<JoinedMember> Members { get; init; } = [];

    [Id(7)]
    public bool SkipAssignment { get; init; }
}

/// <summary>A member as the leader sees it.</summary>
[GenerateSerializer, Immutable, Alias("os.JoinedMember")]
public sealed record JoinedMember(string MemberId, string? InstanceId, byte[] Metadata);
