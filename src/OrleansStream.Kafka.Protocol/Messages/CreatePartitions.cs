using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Declarations;
using OrleansStream.Model.Errors;

namespace OrleansStream.Kafka.Protocol.Messages;

/// <summary>Adds partitions to topics. A topic never loses any.</summary>
[Request(ApiKey.CreatePartitions, MinVersion = 0, MaxVersion = 3, FlexibleFrom = 2)]
public sealed partial class CreatePartitionsRequest
{
    /// <summary>The topics.</summary>
    public List<Topic> Topics { get; set; } = [];

    /// <summary>How long the broker may take, in milliseconds.</summary>
    public int TimeoutMs { get; set; }

    /// <summary>Whether to check and answer only, and change nothing.</summary>
    public bool ValidateOnly { get; set; }

    /// <summary>One topic.</summary>
    public sealed partial class Topic
    {
        /// <summary>The topic's name.</summary>
        public string Name { get; set; } = "";

        /// <summary>How many partitions the topic shall have, the present ones included.</summary>
        public int Count { get; set; }

        /// <summary>Where each new partition is put; null to leave that to the broker.</summary>
        public List<ReplicaAssignment>? Assignments { get; set; }
    }

    /// <summary>The brokers that one partition is put on.</summary>
    public sealed partial class ReplicaAssignment
    {
        /// <summary>Ids of the brokers.</summary>
        public List<int> BrokerIds { get; set; } = [];
    }
}

/// <summary>Whether each topic has grown.</summary>
[Response(typeof(CreatePartitionsRequest))]
public sealed partial class CreatePartitionsResponse
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

        /// <summary>What went wrong, or <see cref="ErrorCode.None"/>.</summary>
        public ErrorCode ErrorCode { get; set; }

        /// <summary>What went wrong, in words; null if nothing did or nothing more can be said.</summary>
        public string? ErrorMessage { get; set; }
    }
}
