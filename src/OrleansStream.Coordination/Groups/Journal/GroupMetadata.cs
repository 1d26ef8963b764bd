namespace OrleansStream.Coordination.Groups.Journal;

/// <summary>A generation as it is stored: who its members are and what each got. Immutable.</summary>
public sealed record GroupMetadata
{
    public required int Generation { get; init; }

    /// <summary>Null for a group that never had members.</summary>
    public string? ProtocolType { get; init; }

    /// <summary>Null while there are no members.</summary>
    public string? ProtocolName { get; init; }

    /// <summary>Null while there are no members.</summary>
    public string? LeaderId { get; init; }

    /// <summary>When the group came into this state, in milliseconds since 1970. An empty group's offsets are kept from here.</summary>
    public required long StateTimestampMs { get; init; }

    public IReadOnlyList<StoredMember> Members { get; init; } = [];
}

/// <summary>A member as it is stored, with all protocols that it offers: after a reload a rejoin with the same ones changes nothing.</summary>
public sealed record StoredMember
{
    public required string MemberId { get; init; }

    public string? InstanceId { get; init; }

    public string ClientId { get; init; } = "";

    public string ClientHost { get; init; } = "";

    public required TimeSpan SessionTimeout { get; init; }

    public required TimeSpan RebalanceTimeout { get; init; }

    public required IReadOnlyList<GroupProtocol> Protocols { get; init; }

    public byte[] Assignment { get; init; } = [];
}
