using OrleansStream.Coordination.Groups.Effects;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;

namespace OrleansStream.Coordination.Groups.Requests;

/// <summary>A partition whose offset shall go, and its topic's name now: offsets of subscribed topics stay.</summary>
public readonly record struct OffsetToDelete(PartitionId Partition, string TopicName);

/// <summary>What OffsetDelete says. A partition without an offset is no error.</summary>
public sealed record DeleteOffsetsAnswer : GroupAnswer
{
    /// <summary>In the order of the request; all the same as <see cref="GroupAnswer.Error"/> if that is set.</summary>
    public IReadOnlyList<ErrorCode> Partitions { get; init; } = [];
}

/// <summary>What DeleteGroups says about one group: done, 68 (it has members), 69 (no such group), or why the journal failed.</summary>
public sealed record DeleteGroupAnswer : GroupAnswer;
