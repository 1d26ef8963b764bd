namespace OrleansStream.Coordination.Groups.Requests;

/// <summary>A group as DescribeGroups shows it.</summary>
public sealed record GroupDescription
{
    public required string GroupId { get; init; }

    /// <summary>False: there is no such group. Version 6 and later then answer 69, older ones state "Dead" and no error.</summary>
    public required bool Found { get; init; }

    public required GroupState State { get; init; }

    /// <summary>Empty for a group that only keeps offsets.</summary>
    public string ProtocolType { get; init; } = "";

    /// <summary>The chosen protocol; empty unless the group is stable.</summary>
    public string ProtocolName { get; init; } = "";

    public int Generation { get; init; }

    public IReadOnlyList<MemberDescription> Members { get; init; } = [];
}

/// <summary>A member as DescribeGroups shows it. Metadata and assignment are empty unless the group is stable.</summary>
public sealed record MemberDescription
{
    public required string MemberId { get; init; }

    public string? InstanceId { get; init; }

    public required string ClientId { get; init; }

    public required string ClientHost { get; init; }

    public byte[] Metadata { get; init; } = [];

    public byte[] Assignment { get; init; } = [];
}
