using OrleansStream.Model.Ids;

namespace OrleansStream.Abstractions.Groups;

/// <summary>Committed offsets: those asked for in their order, or all that the group has.</summary>
[GenerateSerializer, Immutable, Alias("os.FetchOffsetsAnswer")]
public sealed record FetchOffsetsAnswer(ErrorCode Error, IReadOnlyList<CommittedOffset> Offsets);

/// <summary>What a group remembers of one partition; offset -1 if nothing.</summary>
/// <param name="TopicName">The topic's name when it was committed; empty if nothing was.</param>
[GenerateSerializer, Immutable, Alias("os.CommittedOffset")]
public readonly record struct CommittedOffset(PartitionId Partition, string TopicName, Offset Offset, LeaderEpoch LeaderEpoch, string Metadata);
