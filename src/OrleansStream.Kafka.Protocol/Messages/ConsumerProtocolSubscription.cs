using OrleansStream.Kafka.Protocol.Declarations;

namespace OrleansStream.Kafka.Protocol.Messages;

/// <summary>What a consumer tells its group's leader when it joins: the metadata of the "consumer" protocol. A two-byte version stands in front of it.</summary>
[EmbeddedData(MinVersion = 0, MaxVersion = 3)]
public sealed partial class ConsumerProtocolSubscription
{
    /// <summary>The topics that the consumer wants.</summary>
    public List<string> Topics { get; set; } = [];

    /// <summary>Whatever the strategy needs beside it; null for none.</summary>
    public ReadOnlyMemory<byte>? UserData { get; set; }

    /// <summary>The partitions that the consumer has now, for strategies that move few.</summary>
    [Since(1), Ignorable]
    public List<TopicPartition> OwnedPartitions { get; set; } = [];

    /// <summary>The generation in which the owned partitions were assigned; -1 if unknown.</summary>
    [Since(2), Ignorable]
    public int GenerationId { get; set; } = -1;

    /// <summary>The consumer's rack; null if it has none.</summary>
    [Since(3), Ignorable]
    public string? RackId { get; set; }

    /// <summary>Partitions of one topic.</summary>
    public sealed partial class TopicPartition
    {
        /// <summary>The topic's name.</summary>
        public string Name { get; set; } = "";

        /// <summary>Numbers of the partitions.</summary>
        public List<int> PartitionIndexes { get; set; } = [];
    }
}
