using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Declarations;
using OrleansStream.Model.Errors;

namespace OrleansStream.Kafka.Protocol.Messages;

/// <summary>Asks which partitions are on their way to other replicas.</summary>
[Request(ApiKey.ListPartitionReassignments, MinVersion = 0, MaxVersion = 0, FlexibleFrom = 0)]
public sealed partial class ListPartitionReassignmentsRequest
{
    /// <summary>How long the broker may take, in milliseconds.</summary>
    public int TimeoutMs { get; set; } = 60000;

    /// <summary>The topics; null for all.</summary>
    public List<Topic>? Topics { get; set; }

    /// <summary>One topic.</summary>
    public sealed partial class Topic
    {
        /// <summary>The topic's name.</summary>
        public string Name { get; set; } = "";

        /// <summary>Numbers of the partitions.</summary>
        public List<int> PartitionIndexes { get; set; } = [];
    }
}

/// <summary>The partitions that are moving.</summary>
[Response(typeof(ListPartitionReassignmentsRequest))]
public sealed partial class ListPartitionReassignmentsResponse
{
    /// <summary>How long the client was or shall be held back for its quota, in milliseconds.</summary>
    public int ThrottleTimeMs { get; set; }

    /// <summary>What went wrong, or <see cref="ErrorCode.None"/>.</summary>
    public ErrorCode ErrorCode { get; set; }

    /// <summary>What went wrong, in words; null if nothing did or nothing more can be said.</summary>
    public string? ErrorMessage { get; set; }

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

        /// <summary>Ids of all brokers involved.</summary>
        public List<int> Replicas { get; set; } = [];

        /// <summary>Those that are coming.</summary>
        public List<int> AddingReplicas { get; set; } = [];

        /// <summary>Those that are leaving.</summary>
        public List<int> RemovingReplicas { get; set; } = [];
    }
}
