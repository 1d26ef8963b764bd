namespace OrleansStream.Abstractions.Groups;

/// <summary>A group as DescribeGroups shows it.</summary>
[GenerateSerializer, Immutable, Alias("os.GroupDescription")]
public sealed record GroupDescription
{
    [Id(0)]
    public ErrorCode Error { get; init; }

    /// <summary>False: there is no such group. Version 6 and later then answer 69, older ones state "Dead" and no error.</summary>
    [Id(1)]
    public bool Found { get; init; }

    /// <summary>The state's name as tools show it.</summary>
    [Id(2)]
    public string State { get; init; } = "";

    [Id(3)]
    public string ProtocolType { get; init; } = "";

    [Id(4)]
    public string ProtocolName { get; init; } = "";

    [Id(5)]
    public IReadOnlyList<MemberDescription> Members { get; init; } = [];
}

/// <summary>A member as DescribeGroups shows it.</summary>
[GenerateSerializer, Immutable, Alias("os.MemberDescription")]
public sealed record MemberDescription(string MemberId, string? InstanceId, string ClientId, string ClientHost, byte[] Metadata, byte[] Assignment);
