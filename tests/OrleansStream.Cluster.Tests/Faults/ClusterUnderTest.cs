using OrleansStream.Testing.Clusters;

namespace OrleansStream.Cluster.Tests.Faults;

/// <summary>What is tried: one broker of ours on files, or what ORLEANSSTREAM_BROKER names: <c>cluster</c> for three of ours on Azurite, as infra/nemesis.sh does, <c>kafka</c> for Apache Kafka, to try the tests themselves.</summary>
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
            "cluster" => new BlobCluster(directory, options: ours),
            _ => new SingleBroker(directory, ours),
        };
    }
}
