using OrleansStream.Testing.Brokers;

namespace OrleansStream.Benchmarks.Comparison;

/// <summary>One side of the comparison.</summary>
internal enum Contender
{
    Ours,
    Kafka,
}
