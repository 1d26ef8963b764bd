using OrleansStream.Kafka.Protocol.Declarations;

namespace OrleansStream.Kafka.Protocol.Messages;

/// <summary>What the leader gives to a consumer: the assignment of the "consumer" protocol. A two-byte version stands in front of it.</summary>
[EmbeddedData(MinVersion = 0, MaxVersion = 3)]
public sealed partial class ConsumerProtocolAssignment
{
    /// <summary>The partitions that the consumer gets.</summary>
    public List<TopicPartition> AssignedPartitions { get; set; } = [];

    /// <summary>Whatever the strategy needs beside it; null for none.</summary>
    public ReadOnlyMemory<byte>? UserData { get; set; }

    /// <summary>Partitions of one topic.</summary>
    public sealed partial class TopicPartition
    {
        /// <summary>The topic's name.</summary>
        public string Name { get; set; } = "";

        /// <summary>Numbers of the partitions.</summary>
        public List<int> PartitionIndexes { get; set; } = [];
    }
}
