namespace OrleansStream.Abstractions.Groups;

/// <summary>What OffsetDelete says: a code for all and one for each partition, in the order of the request.</summary>
[GenerateSerializer, Immutable, Alias("os.DeleteOffsetsAnswer")]
public sealed record DeleteOffsetsAnswer(ErrorCode Error, IReadOnlyList<ErrorCode> Partitions);

/// <summary>What DeleteGroups says about one group.</summary>
[GenerateSerializer, Immutable, Alias("os.DeleteGroupAnswer")]
public sealed record DeleteGroupAnswer(ErrorCode Error);
