using OrleansStream.Model.Ids;

namespace OrleansStream.Coordination.Groups.Journal;

/// <summary>What a group remembers of one partition.</summary>
public sealed record CommittedOffset
{
    /// <summary>The topic's name when it was committed; offsets are kept by id, the name is for expiry by subscription and for display.</summary>
    public required string TopicName { get; init; }

    public required Offset Offset { get; init; }

    /// <summary><see cref="Model.Ids.LeaderEpoch.None"/> before version 6.</summary>
    public LeaderEpoch LeaderEpoch { get; init; } = LeaderEpoch.None;

    public string Metadata { get; init; } = "";

    /// <summary>Milliseconds since 1970.</summary>
    public required long CommitTimestampMs { get; init; }

    /// <summary>When it goes, whatever the group does, in milliseconds since 1970; null: by the group's retention.</summary>
    public long? ExpireTimestampMs { get; init; }
}
