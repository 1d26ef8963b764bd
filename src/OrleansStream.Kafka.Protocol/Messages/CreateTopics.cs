using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Declarations;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;

namespace OrleansStream.Kafka.Protocol.Messages;

/// <summary>Creates topics.</summary>
[Request(ApiKey.CreateTopics, MinVersion = 2, MaxVersion = 7, FlexibleFrom = 5)]
public sealed partial class CreateTopicsRequest
{
    /// <summary>The topics.</summary>
    public List<Topic> Topics { get; set; } = [];

    /// <summary>How long the broker may take, in milliseconds.</summary>
    public int TimeoutMs { get; set; } = 60000;

    /// <summary>Whether to check and answer only, and change nothing.</summary>
    public bool ValidateOnly { get; set; }

    /// <summary>One topic.</summary>
    public sealed partial class Topic
    {
        /// <summary>The topic's name.</summary>
        public string Name { get; set; } = "";

        /// <summary>How many partitions; -1 for the broker's own setting.</summary>
        public int NumPartitions { get; set; }

        /// <summary>How many replicas of each; -1 for the broker's own setting.</summary>
        public short ReplicationFactor { get; set; }

        /// <summary>Where each partition is put; empty to leave that to the broker.</summary>
        public List<ReplicaAssignment> Assignments { get; set; } = [];

        /// <summary>The settings.</summary>
        public List<Config> Configs { get; set; } = [];
    }

    /// <summary>The brokers that one partition is put on.</summary>
    public sealed partial class ReplicaAssignment
    {
        /// <summary>The partition's number in its topic.</summary>
        public int PartitionIndex { get; set; }

        /// <summary>Ids of the brokers.</summary>
        public List<int> BrokerIds { get; set; } = [];
    }

    /// <summary>One setting.</summary>
    public sealed partial class Config
    {
        /// <summary>The setting's name.</summary>
        public string Name { get; set; } = "";

        /// <summary>The value; null for none, or for one that is not shown.</summary>
        public string? Value { get; set; }
    }
}

/// <summary>What became of each topic, with its settings as they are now.</summary>
[Response(typeof(CreateTopicsRequest))]
public sealed partial class CreateTopicsResponse
{
    /// <summary>How long the client was or shall be held back for its quota, in milliseconds.</summary>
    public int ThrottleTimeMs { get; set; }

    /// <summary>The topics.</summary>
    public List<Topic> Topics { get; set; } = [];

    /// <summary>One topic.</summary>
    public sealed partial class Topic
    {
        /// <summary>The topic's name.</summary>
        public string Name { get; set; } = "";

        /// <summary>The topic's id, which a topic of the same name created later does not share.</summary>
        [Since(7), Ignorable]
        public TopicId TopicId { get; set; }

        /// <summary>What went wrong, or <see cref="ErrorCode.None"/>.</summary>
        public ErrorCode ErrorCode { get; set; }

        /// <summary>What went wrong, in words; null if nothing did or nothing more can be said.</summary>
        public string? ErrorMessage { get; set; }

        /// <summary>Why the settings are not shown, or <see cref="ErrorCode.None"/>.</summary>
        [Since(5), Tag(0), Ignorable]
        public ErrorCode TopicConfigErrorCode { get; set; }

        /// <summary>How many partitions it has; -1 if it was not created.</summary>
        [Since(5), Ignorable]
        public int NumPartitions { get; set; } = -1;

        /// <summary>How many replicas each has; -1 if it was not created.</summary>
        [Since(5), Ignorable]
        public short ReplicationFactor { get; set; } = -1;

        /// <summary>The settings as they are now; null if the client may not see them.</summary>
        [Since(5), Ignorable]
        public List<Config>? Configs { get; set; }
    }

    /// <summary>One setting.</summary>
    public sealed partial class Config
    {
        /// <summary>The setting's name.</summary>
        public string Name { get; set; } = "";

        /// <summary>The value; null for none, or for one that is not shown.</summary>
        public string? Value { get; set; }

        /// <summary>Whether it cannot be changed while the broker runs.</summary>
        public bool ReadOnly { get; set; }

        /// <summary>Where the value comes from.</summary>
        public ConfigSource Source { get; set; } = ConfigSource.NotGiven;

        /// <summary>Whether it is a secret, whose value is never shown.</summary>
        public bool IsSensitive { get; set; }
    }
}
