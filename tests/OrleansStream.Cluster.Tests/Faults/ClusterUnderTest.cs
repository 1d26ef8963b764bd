using OrleansStream.Testing.Clusters;

namespace OrleansStream.Cluster.Tests.Faults;

/// <summary>What is tried: ours on Azurite, or with ORLEANSSTREAM_BROKER another one, to try the tests themselves: <c>files</c> for one broker of ours on files, <c>kafka</c> for Apache Kafka.</summary>
internal static class ClusterUnderTest
{
    // A group that first waits for company would hold up each round.
    private const string RebalanceDelay = "group.initial.rebalance.delay.ms";

    public static BrokerCluster Create(string directory)
    {
        var ours = new Dictionary<string, string> { [$"Kafka:{RebalanceDelay}"] = "0" };
        return Environment.GetEnvironmentVariable("ORLEANSSTREAM_BROKER") switch
        {
            "kafka" => new ApacheKafkaCluster(directory, new Dictionary<string, string> { [RebalanceDelay] = "0" }),
            "files" => new SingleBroker(directory, ours),
            _ => new BlobCluster(directory, options: ours),
        };
    }
}
