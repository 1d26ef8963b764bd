using OrleansStream.Testing.Clusters;

namespace OrleansStream.Cluster.Tests.Faults;

/// <summary>What is tried: three brokers of ours on Azurite, or what ORLEANSSTREAM_BROKER names: <c>files</c> for one of ours on files, <c>kafka</c> for Apache Kafka, to try the tests themselves.</summary>
internal static class ClusterUnderTest
{
    // A group that first waits for company would hold up each round.
    private const string RebalanceDelay = "group.initial.rebalance.delay.ms";

    public static BrokerCluster Create(string directory) => Environment.GetEnvironmentVariable("ORLEANSSTREAM_BROKER") switch
    {
        "kafka" => new ApacheKafkaCluster(directory, new Dictionary<string, string> { [RebalanceDelay] = "0" }),
        "files" => OnFiles(directory),
        _ => new BlobCluster(directory, options: Ours),
    };

    /// <summary>One broker of ours on files.</summary>
    public static BrokerCluster OnFiles(string directory) => new SingleBroker(directory, Ours);

    private static Dictionary<string, string> Ours => new() { [$"Kafka:{RebalanceDelay}"] = "0" };
}
