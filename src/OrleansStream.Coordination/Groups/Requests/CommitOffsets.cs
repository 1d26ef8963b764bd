using OrleansStream.Coordination.Groups.Effects;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;

namespace OrleansStream.Coordination.Groups.Requests;

/// <summary>A member, a consumer without a group's help, or an administrator stores offsets. Only partitions that exist come here: the caller answers 3, 29 and 100 itself.</summary>
public sealed record CommitRequest
{
    /// <summary>Empty for one who is no member.</summary>
    public string MemberId { get; init; } = "";

    public string? InstanceId { get; init; }

    /// <summary>-1 for one who is no member.</summary>
    public int Generation { get; init; } = -1;

    /// <summary>Versions 2 to 4 may ask for a time after which the offsets go, whatever the group does; null otherwise.</summary>
    public TimeSpan? Retention { get; init; }

    /// <summary>Version 9 and later hear 69 for an unknown group, older ones 22.</summary>
    public bool KnowsGroupNotFound { get; init; } = true;

    public required IReadOnlyList<OffsetToCommit> Offsets { get; init; }
}

/// <summary>One partition's new offset. Null metadata is stored as the empty text.</summary>
public readonly record struct OffsetToCommit(PartitionId Partition, string TopicName, Offset Offset, LeaderEpoch LeaderEpoch, string? Metadata);

/// <summary>What OffsetCommit says. Ends only once the offsets that it accepts are durable.</summary>
public sealed record CommitAnswer : GroupAnswer
{
    /// <summary>In the order of the request; all the same as <see cref="GroupAnswer.Error"/> if that is set.</summary>
    public IReadOnlyList<ErrorCode> Partitions { get; init; } = [];
}
