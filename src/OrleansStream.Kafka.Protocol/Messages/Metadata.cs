using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Declarations;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;

namespace OrleansStream.Kafka.Protocol.Messages;

/// <summary>Asks who the brokers are and who leads the partitions of which topics. May create a topic that does not exist.</summary>
[Request(ApiKey.Metadata, MinVersion = 0, MaxVersion = 13, FlexibleFrom = 9)]
public sealed partial class MetadataRequest
{
    /// <summary>The topics; null for all of them. In version 0 an empty list stands for all.</summary>
    [NullableSince(1)]
    public List<Topic>? Topics { get; set; } = [];

    /// <summary>Whether a topic that does not exist may be created, if the broker does so at all.</summary>
    [Since(4)]
    public bool AllowAutoTopicCreation { get; set; } = true;

    /// <summary>Whether to tell what the client may do with the cluster.</summary>
    [Since(8), Until(10)]
    public bool IncludeClusterAuthorizedOperations { get; set; }

    /// <summary>Whether to tell what the client may do with each topic.</summary>
    [Since(8)]
    public bool IncludeTopicAuthorizedOperations { get; set; }

    /// <summary>One topic.</summary>
    public sealed partial class Topic
    {
        /// <summary>The topic's id, which a topic of the same name created later does not share.</summary>
        [Since(10), Ignorable]
        public TopicId TopicId { get; set; }

        /// <summary>The topic's name; null if it is asked for by id.</summary>
        [NullableSince(10)]
        public string? Name { get; set; } = "";
    }
}

/// <summary>The brokers, and the topics that were asked for with the leaders of their partitions.</summary>
[Response(typeof(MetadataRequest))]
public sealed partial class MetadataResponse
{
    /// <summary>How long the client was or shall be held back for its quota, in milliseconds.</summary>
    [Since(3), Ignorable]
    public int ThrottleTimeMs { get; set; }

    /// <summary>The brokers.</summary>
    public List<Broker> Brokers { get; set; } = [];

    /// <summary>The cluster's id; null if it has none.</summary>
    [Since(2), Ignorable]
    public string? ClusterId { get; set; }

    /// <summary>The broker that takes administrative requests; -1 if there is none.</summary>
    [Since(1), Ignorable]
    public int ControllerId { get; set; } = -1;

    /// <summary>The topics.</summary>
    public List<Topic> Topics { get; set; } = [];

    /// <summary>What the client may do with the cluster, a bit for each operation; <see cref="int.MinValue"/> where it was not asked for.</summary>
    [Since(8), Until(10)]
    public int ClusterAuthorizedOperations { get; set; } = int.MinValue;

    /// <summary>What went wrong, or <see cref="ErrorCode.None"/>.</summary>
    [Since(13), Ignorable]
    public ErrorCode ErrorCode { get; set; }

    /// <summary>One broker.</summary>
    public sealed partial class Broker
    {
        /// <summary>The broker's id.</summary>
        public int NodeId { get; set; }

        /// <summary>Its host name or address.</summary>
        public string Host { get; set; } = "";

        /// <summary>Its port.</summary>
        public int Port { get; set; }

        /// <summary>Its rack; null if it has none.</summary>
        [Since(1), Ignorable]
        public string? Rack { get; set; }
    }

    /// <summary>One topic.</summary>
    public sealed partial class Topic
    {
        /// <summary>What went wrong, or <see cref="ErrorCode.None"/>.</summary>
        public ErrorCode ErrorCode { get; set; }

        /// <summary>The topic's name; null if it was asked for by an id that is unknown.</summary>
        [NullableSince(12)]
        public string? Name { get; set; } = "";

        /// <summary>The topic's id, which a topic of the same name created later does not share.</summary>
        [Since(10), Ignorable]
        public TopicId TopicId { get; set; }

        /// <summary>Whether the topic is the system's own.</summary>
        [Since(1), Ignorable]
        public bool IsInternal { get; set; }

        /// <summary>The partitions of the topic.</summary>
        public List<Partition> Partitions { get; set; } = [];

        /// <summary>What the client may do with the topic, a bit for each operation; <see cref="int.MinValue"/> where it was not asked for.</summary>
        [Since(8)]
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
        [Since(7), Ignorable]
        public int LeaderEpoch { get; set; } = -1;

        /// <summary>Ids of the brokers that hold the partition.</summary>
        public List<int> ReplicaNodes { get; set; } = [];

        /// <summary>Those of them that have everything.</summary>
        public List<int> IsrNodes { get; set; } = [];

        /// <summary>Those of them that cannot be reached.</summary>
        [Since(5), Ignorable]
        public List<int> OfflineReplicas { get; set; } = [];
    }
}
