using OrleansStream.Testing.Brokers;

namespace OrleansStream.Cluster.Tests.Crashes;

/// <summary>The broker that is killed: ours, or Apache Kafka to try the tests themselves.</summary>
internal static class ProcessBroker
{
    // A group that first waits for company would not read anything in lives as short as these.
    private const string RebalanceDelay = "group.initial.rebalance.delay.ms";

    public static BrokerProcess Create(string directory) => Environment.GetEnvironmentVariable("ORLEANSSTREAM_BROKER") == "kafka"
        ? new ApacheKafkaBroker(directory, new Dictionary<string, string> { [RebalanceDelay] = "0" })
        : new OrleansStreamBroker(directory, new Dictionary<string, string> { [$"Kafka:{RebalanceDelay}"] = "0" });
}
