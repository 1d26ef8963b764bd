using OrleansStream.Testing.Brokers;

namespace OrleansStream.Cluster.Tests.Crashes;

/// <summary>The broker that is killed: ours, or Apache Kafka to try the tests themselves.</summary>
internal static class ProcessBroker
{
    public static BrokerProcess Create(string directory) => Environment.GetEnvironmentVariable("ORLEANSSTREAM_BROKER") == "kafka"
        ? new ApacheKafkaBroker(directory)
        : new OrleansStreamBroker(directory);
}
