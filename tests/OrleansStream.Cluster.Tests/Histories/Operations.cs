namespace OrleansStream.Cluster.Tests.Histories;

/// <summary>What a producer was told of a record.</summary>
internal enum AppendOutcome
{
    /// <summary>It is in the log, at the offset that was named; a negative one names none.</summary>
    Acknowledged,

    /// <summary>An error was answered that says it is not in the log, or the client gave up before it sent anything.</summary>
    Refused,

    /// <summary>Nothing was heard, or an error that leaves it in doubt: a broker that loses its place cannot know.</summary>
    Unknown,
}

/// <summary>A record that was offered to the cluster. Times count from the start of the run.</summary>
internal readonly record struct Append(RecordName Name, int Partition, AppendOutcome Outcome, long Offset, TimeSpan Started, TimeSpan Ended)
{
    /// <summary>What the client named as the reason, if it was not acknowledged.</summary>
    public string? Error { get; init; }
}

/// <summary>One uninterrupted time in which one consumer had one partition: within it offsets follow each other.</summary>
/// <param name="Group">Null for a reader that was given its partitions by hand and began at 0.</param>
/// <param name="Began">When the consumer was given the partition; it then asks where to begin.</param>
internal sealed record Reading(int Number, string Consumer, string? Group, int Partition, TimeSpan Began);

/// <summary>A record that a consumer was handed.</summary>
/// <param name="Reading">The number of the reading.</param>
/// <param name="Epoch">The leader epoch in its batch; -1 if the client does not say.</param>
internal readonly record struct Poll(int Reading, long Offset, RecordName Name, int Epoch, TimeSpan At);

/// <summary>A try of a member to commit an offset.</summary>
/// <param name="IsAcknowledged">False: refused, or unknown.</param>
internal readonly record struct Commit(string Group, int Partition, long Offset, bool IsAcknowledged, TimeSpan Started, TimeSpan Ended);

/// <summary>What the cluster answered when somebody asked what a group has committed; -1 for nothing.</summary>
internal readonly record struct CommittedOffset(string Group, int Partition, long Offset, TimeSpan Started, TimeSpan Ended);

/// <summary>A record of the log as it stands at the end.</summary>
internal readonly record struct StoredRecord(long Offset, RecordName Name, int Epoch);
