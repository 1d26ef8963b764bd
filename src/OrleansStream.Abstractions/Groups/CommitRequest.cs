using OrleansStream.Model.Ids;

namespace OrleansStream.Abstractions.Groups;

/// <summary>Offsets to be stored. Only partitions that exist: the gateway answers for the others itself.</summary>
[GenerateSerializer, Immutable, Alias("os.CommitRequest")]
public sealed record CommitRequest
{
    /// <summary>Empty for one who is no member.</summary>
    [Id(0)]
    public string MemberId { get; init; } = "";

    [Id(1)]
    public string? InstanceId { get; init; }

    /// <summary>-1 for one who is no member.</summary>
    [Id(2)]
    public int Generation { get; init; } = -1;

    /// <summary>Versions 2 to 4: after this time the offsets go, whatever the group does; null otherwise.</summary>
    [Id(3)]
    public TimeSpan? Retention { get; init; }

    /// <summary>Version 9 and later hear 69 for an unknown group, older ones 22.</summary>
    [Id(4)]
    public bool KnowsGroupNotFound { get; init; } = true;

    [Id(5)]
    public required IReadOnlyList<OffsetToCommit> Offsets { get; init; }
}

/// <summary>One partition's new offset.</summary>
[GenerateSerializer, Immutable, Alias("os.OffsetToCommit")]
public readonly record struct OffsetToCommit(PartitionId Partition, string TopicName, Offset Offset, LeaderEpoch LeaderEpoch, string? Metadata);

/// <summary>A code for all and one for each partition, in the order of the request.</summary>
[GenerateSerializer, Immutable, Alias("os.CommitAnswer")]
public sealed record CommitAnswer(ErrorCode Error, IReadOnlyList<ErrorCode> Partitions);
