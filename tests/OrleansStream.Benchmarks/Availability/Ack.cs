using Confluent.Kafka;

namespace OrleansStream.Benchmarks.Availability;

/// <summary>A record that was acknowledged; times since its probe began.</summary>
internal readonly record struct Ack(TopicPartition Partition, TimeSpan Offered, TimeSpan Acknowledged)
{
    public TimeSpan Latency => Acknowledged - Offered;
}
