namespace OrleansStream.Abstractions.Groups;

/// <summary>A member asks for its assignment; the leader brings everybody's.</summary>
[GenerateSerializer, Immutable, Alias("os.SyncRequest")]
public sealed record SyncRequest
{
    [Id(0)]
    public required string MemberId { get; init; }

    [Id(1)]
    public string? InstanceId { get; init; }

    [Id(2)]
    public required int Generation { get; init; }

    /// <summary>Null before version 5: not checked.</summary>
    [Id(3)]
    public string? ProtocolType { get; init; }

    /// <summary>Null before version 5: not checked.</summary>
    [Id(4)]
    public string? ProtocolName { get; init; }

    /// <summary>Empty for followers.</summary>
    [Id(5)]
    public IReadOnlyList<MemberAssignment> Assignments { get; init; } = [];
}

/// <summary>What a leader gives to one member.</summary>
[GenerateSerializer, Immutable, Alias("os.MemberAssignment")]
public readonly record struct MemberAssignment(string MemberId, byte[] Assignment);

/// <summary>What SyncGroup says.</summary>
[GenerateSerializer, Immutable, Alias("os.SyncAnswer")]
public sealed record SyncAnswer
{
    [Id(0)]
    public ErrorCode Error { get; init; }

    [Id(1)]
    public string? ProtocolType { get; init; }

    [Id(2)]
    public string? ProtocolName { get; init; }

    [Id(3)]
    public byte[] Assignment { get; init; } = [];
}
