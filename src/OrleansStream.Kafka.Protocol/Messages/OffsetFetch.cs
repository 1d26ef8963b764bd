using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Declarations;
using OrleansStream.Model.Errors;

namespace OrleansStream.Kafka.Protocol.Messages;

/// <summary>Asks how far consumer groups have come. Up to version 7 for one group, from version 8 on for several.</summary>
[Request(ApiKey.OffsetFetch, MinVersion = 1, MaxVersion = 9, FlexibleFrom = 6)]
public sealed partial class OffsetFetchRequest
{
    /// <summary>The group's id, up to version 7.</summary>
    [Until(7)]
    public string GroupId { get; set; } = "";

    /// <summary>The topics; null for all that have an offset.</summary>
    [Until(7), NullableSince(2)]
    public List<Topic>? Topics { get; set; } = [];

    /// <summary>The groups, from version 8 on.</summary>
    [Since(8)]
    public List<Group> Groups { get; set; } = [];

    /// <summary>Whether to refuse while a transaction may still change the offsets.</summary>
    [Since(7)]
    public bool RequireStable { get; set; }

    /// <summary>One topic.</summary>
    public sealed partial class Topic
    {
        /// <summary>The topic's name.</summary>
        public string Name { get; set; } = "";

        /// <summary>Numbers of the partitions.</summary>
        public List<int> PartitionIndexes { get; set; } = [];
    }

    /// <summary>One group.</summary>
    public sealed partial class Group
    {
        /// <summary>The group's id.</summary>
        public string GroupId { get; set; } = "";

        /// <summary>The member that asks; null if it is none, or of a classic group.</summary>
        [Since(9), Ignorable]
        public string? MemberId { get; set; }

        /// <summary>The member's epoch in the newer group protocol; -1 in classic groups.</summary>
        [Since(9), Ignorable]
        public int MemberEpoch { get; set; } = -1;

        /// <summary>The topics; null for all that have an offset.</summary>
        public List<GroupTopic>? Topics { get; set; }
    }

    /// <summary>One topic of a group.</summary>
    public sealed partial class GroupTopic
    {
        /// <summary>The topic's name.</summary>
        public string Name { get; set; } = "";

        /// <summary>Numbers of the partitions.</summary>
        public List<int> PartitionIndexes { get; set; } = [];
    }
}

/// <summary>The stored offsets. Up to version 7 of one group, from version 8 on of several.</summary>
[Response(typeof(OffsetFetchRequest))]
public sealed partial class OffsetFetchResponse
{
    /// <summary>How long the client was or shall be held back for its quota, in milliseconds.</summary>
    [Since(3), Ignorable]
    public int ThrottleTimeMs { get; set; }

    /// <summary>The topics.</summary>
    [Until(7)]
    public List<Topic> Topics { get; set; } = [];

    /// <summary>What went wrong, or <see cref="ErrorCode.None"/>.</summary>
    [Since(2), Until(7), Ignorable]
    public ErrorCode ErrorCode { get; set; }

    /// <summary>The groups, from version 8 on.</summary>
    [Since(8)]
    public List<Group> Groups { get; set; } = [];

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

        /// <summary>The offset of the next record to read; -1 if none is stored.</summary>
        public long CommittedOffset { get; set; }

        /// <summary>The leader epoch of the last record read; -1 if unknown.</summary>
        [Since(5), Ignorable]
        public int CommittedLeaderEpoch { get; set; } = -1;

        /// <summary>Whatever the consumer wants to keep with the offset.</summary>
        public string? CommittedMetadata { get; set; }

        /// <summary>What went wrong, or <see cref="ErrorCode.None"/>.</summary>
        public ErrorCode ErrorCode { get; set; }
    }

    /// <summary>One group.</summary>
    public sealed partial class Group
    {
        /// <summary>The group's id.</summary>
        public string GroupId { get; set; } = "";

        /// <summary>The topics.</summary>
        public List<GroupTopic> Topics { get; set; } = [];

        /// <summary>What went wrong, or <see cref="ErrorCode.None"/>.</summary>
        public ErrorCode ErrorCode { get; set; }
    }

    /// <summary>One topic of a group.</summary>
    public sealed partial class GroupTopic
    {
        /// <summary>The topic's name.</summary>
        public string Name { get; set; } = "";

        /// <summary>The partitions of the topic.</summary>
        public List<GroupPartition> Partitions { get; set; } = [];
    }

    /// <summary>One partition of a group's topic.</summary>
    public sealed partial class GroupPartition
    {
        /// <summary>The partition's number in its topic.</summary>
        public int Index { get; set; }

        /// <summary>The offset of the next record to read; -1 if none is stored.</summary>
        public long CommittedOffset { get; set; }

        /// <summary>The leader epoch of the last record read; -1 if unknown.</summary>
        public int CommittedLeaderEpoch { get; set; } = -1;

        /// <summary>Whatever the consumer wants to keep with the offset.</summary>
        public string? CommittedMetadata { get; set; }

        /// <summary>What went wrong, or <see cref="ErrorCode.None"/>.</summary>
        public ErrorCode ErrorCode { get; set; }
    }
}
