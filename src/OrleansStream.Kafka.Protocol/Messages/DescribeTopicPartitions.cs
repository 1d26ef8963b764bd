using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Declarations;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;

namespace OrleansStream.Kafka.Protocol.Messages;

/// <summary>Asks for the partitions of topics, page by page.</summary>
[Request(ApiKey.DescribeTopicPartitions, MinVersion = 0, MaxVersion = 0, FlexibleFrom = 0)]
public sealed partial class DescribeTopicPartitionsRequest
{
    /// <summary>The topics.</summary>
    public List<Topic> Topics { get; set; } = [];

    /// <summary>How many partitions a page may hold.</summary>
    public int ResponsePartitionLimit { get; set; } = 2000;

    /// <summary>Where the page begins; null for the first one.</summary>
    public Position? Cursor { get; set; }

    /// <summary>One topic.</summary>
    public sealed partial class Topic
    {
        /// <summary>The topic's name.</summary>
        public string Name { get; set; } = "";
    }

    /// <summary>A place between two pages.</summary>
    public sealed partial class Position
    {
        /// <summary>The topic's name.</summary>
        public string TopicName { get; set; } = "";

        /// <summary>The partition to begin with.</summary>
        public int PartitionIndex { get; set; }
    }
}

/// <summary>One page of topics and partitions.</summary>
[Response(typeof(DescribeTopicPartitionsRequest))]
public sealed partial class DescribeTopicPartitionsResponse
{
    /// <summary>How long the client was or shall be held back for its quota, in milliseconds.</summary>
    public int ThrottleTimeMs { get; set; }

    /// <summary>The topics.</summary>
    public List<Topic> Topics { get; set; } = [];

    /// <summary>Where the next page begins; null after the last one.</summary>
    public Position? NextCursor { get; set; }

    /// <summary>One topic.</summary>
    public sealed partial class Topic
    {
        /// <summary>What went wrong, or <see cref="ErrorCode.None"/>.</summary>
        public ErrorCode ErrorCode { get; set; }

        /// <summary>The topic's name.</summary>
        public string? Name { get; set; }

        /// <summary>The topic's id, which a topic of the same name created later does not share.</summary>
        public TopicId TopicId { get; set; }

        /// <summary>Whether the topic is the system's own.</summary>
        public bool IsInternal { get; set; }

        /// <summary>The partitions of the topic.</summary>
        public List<Partition> Partitions { get; set; } = [];

        /// <summary>What the client may do with the topic, a bit for each operation; <see cref="int.MinValue"/> where it was not asked for.</summary>
        public int TopicAuthorizedOperations { get; set; } = int.MinValue;
    }

    /// <summary>One partition.</summary>
    public sealed partial class Partition
    {
        /// <summary>What went wrong, or <see cref="ErrorCode.None"/>.</summary>
        public ErrorCode ErrorCode { get; set; }

        /// <summary>The partition's number in its topic.</summary>
        public int Index { get; set; }

        /// <summary>The leading broker's id; -1 for none.</summary>
        public int LeaderId { get; set; }

        /// <summary>The leader epoch; -1 if unknown.</summary>
        public int LeaderEpoch { get; set; } = -1;

        /// <summary>Ids of the brokers that hold the partition.</summary>
        public List<int> ReplicaNodes { get; set; } = [];

        /// <summary>Those of them that have everything.</summary>
        public List<int> IsrNodes { get; set; } = [];

        /// <summary>Replicas outside the in-sync set that could still lead; null if that is not tracked.</summary>
        public List<int>? EligibleLeaderReplicas { get; set; }

        /// <summary>The last ones known; null if that is not tracked.</summary>
        public List<int>? LastKnownEligibleLeaderReplicas { get; set; }

        /// <summary>Those of them that cannot be reached.</summary>
        public List<int> OfflineReplicas { get; set; } = [];
    }

    /// <summary>A place between two pages.</summary>
    public sealed partial class Position
    {
        /// <summary>The topic's name.</summary>
        public string TopicName { get; set; } = "";

        /// <summary>The partition to begin with.</summary>
        public int PartitionIndex { get; set; }
    }
}
