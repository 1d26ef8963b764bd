using OrleansStream.Abstractions.Cluster;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Model.Ids;

namespace OrleansStream.Kafka.Gateway.Partitions;

/// <summary>What Metadata and its relatives say about brokers and partitions, for a client of one listener.</summary>
internal sealed class ClusterDirectory(IClusterView cluster, PartitionDoor door)
{
    public IClusterView Cluster { get; } = cluster;

    /// <summary>A live broker always, the catalog's owner as a rule. Any other takes administrative requests as well, and this one has the shortest way.</summary>
    public BrokerId Controller
    {
        get
        {
            var owner = Cluster.OwnerOf(HiddenTopics.CatalogPartition);
            return Cluster.Brokers.Count == 0 || Cluster.Brokers.Any(broker => broker.Id == owner) ? owner : Cluster.Brokers[0].Id;
        }
    }

    /// <summary>The address that a broker advertises on a listener; null if it has none there.</summary>
    public Endpoint? EndpointOf(BrokerId broker, string listener)
    {
        foreach (var candidate in Cluster.Brokers)
        {
            if (candidate.Id == broker)
            {
                return candidate.Endpoints.TryGetValue(listener, out var endpoint) ? endpoint : null;
            }
        }

        return null;
    }

    /// <summary>
    /// The epoch to tell: the real one where the partition is open here, else that of the last claim, which clients must never see go down. The next open is
    /// in a higher one; a client that comes with this one is told FENCED_LEADER_EPOCH once, and asks again. "Unknown" would spare only some clients that:
    /// librdkafka then asks with 0.
    /// </summary>
    public int EpochToTell(PartitionId partition) => (door.EpochOf(partition) ?? LeaderEpoch.None).Value;

    /// <summary>Whether these are numbers of live brokers, none of them twice.</summary>
    public bool AreDistinctBrokers(List<int> ids)
    {
        var left = Cluster.Brokers.Select(static broker => broker.Id.Value).ToHashSet();
        return ids.TrueForAll(left.Remove);
    }

    /// <summary>Brokers that stand for the replicas of a partition: its owner first, then others in order of their ids, as many as the topic asks for and as there are.</summary>
    public List<int> ReplicasOf(Topic topic, BrokerId owner)
    {
        var replicas = new List<int>(topic.ReplicationFactor) { owner.Value };
        foreach (var broker in Cluster.Brokers)
        {
            if (replicas.Count >= topic.ReplicationFactor)
            {
                break;
            }

            if (broker.Id != owner)
            {
                replicas.Add(broker.Id.Value);
            }
        }

        return replicas;
    }
}
