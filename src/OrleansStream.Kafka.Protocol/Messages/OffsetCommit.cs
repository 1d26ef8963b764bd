using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Declarations;
using OrleansStream.Model.Errors;

namespace OrleansStream.Kafka.Protocol.Messages;

/// <summary>Stores how far a consumer group has come in each partition.</summary>
[Request(ApiKey.OffsetCommit, MinVersion = 2, MaxVersion = 9, FlexibleFrom = 8)]
public sealed partial class OffsetCommitRequest
{
    /// <summary>The group's id.</summary>
    public string GroupId { get; set; } = "";

    /// <summary>The generation that the member belongs to, or its epoch in the newer group protocol; -1 for a consumer without a group.</summary>
    public int GenerationIdOrMemberEpoch { get; set; } = -1;

    /// <summary>The member's id, given out by the coordinator; empty if it has none yet.</summary>
    public string MemberId { get; set; } = "";

    /// <summary>The name under which a static member comes back after a restart; null for dynamic members.</summary>
    [Since(7)]
    public string? GroupInstanceId { get; set; }

    /// <summary>How long the offset is to be kept, in milliseconds; -1 for the broker's own setting.</summary>
    [Until(4), Ignorable]
    public long RetentionTimeMs { get; set; } = -1;

    /// <summary>The topics.</summary>
    public List<Topic> Topics { get; set; } = [];

    /// <summary>One topic.</summary>
    public sealed partial class Topic
    {
        /// <summary>The topic's name.</summary>
        public string Name { get; set; } = "";

        /// <summary>The partitions of the topic.</summary>
        public List<Partition> Partitions { get; set; } = [];
    }

    /// <summary>One partition.</summary>
    public sealed partial class Partition
    {
        /// <summary>The partition's number in its topic.</summary>
        public int Index { get; set; }

        /// <summary>The offset of the next record to read.</summary>
        public long CommittedOffset { get; set; }

        /// <summary>The leader epoch of the last record read; -1 if unknown.</summary>
        [Since(6), Ignorable]
        public int CommittedLeaderEpoch { get; set; } = -1;

        /// <summary>Whatever the consumer wants to keep with the offset.</summary>
        public string? CommittedMetadata { get; set; }
    }
}

/// <summary>Whether each offset was stored.</summary>
[Response(typeof(OffsetCommitRequest))]
public sealed partial class OffsetCommitResponse
{
    /// <summary>How long the client was or shall be held back for its quota, in milliseconds.</summary>
    [Since(3), Ignorable]
    public int ThrottleTimeMs { get; set; }

    /// <summary>The topics.</summary>
    public List<Topic> Topics { get; set; } = [];

    /// <summary>One topic.</summary>
    public sealed partial class Topic
    {
        /// <summary>The topic's name.</summary>
        public string Name { get; set; } = "";

        /// <summary>The partitions of the topic.</summary>
        public List<Partition> Partitions { get; set; } = [];
    }

    /// <summary>One partition.</summary>
    public sealed partial class Partition
    {
        /// <summary>The partition's number in its topic.</summary>
        public int Index { get; set; }

        /// <summary>What went wrong, or <see cref="ErrorCode.None"/>.</summary>
        public ErrorCode ErrorCode { get; set; }
    }
}
