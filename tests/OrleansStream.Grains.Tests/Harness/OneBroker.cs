using Orleans.Runtime;
using OrleansStream.Abstractions.Cluster;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains.Tests.Harness;

/// <summary>A cluster of one broker, which owns everything but what a test gives to another.</summary>
internal sealed class OneBroker : IClusterView
{
    public string ClusterId => "cluster-of-tests";

    public BrokerId Self => new(1);

    public IReadOnlyList<Broker> Brokers { get; } = [new(new(1), null, new Dictionary<string, Endpoint>())];

    public HashSet<PartitionId> Elsewhere { get; } = [];

    public BrokerId OwnerOf(PartitionId partition) => PlacedOn(partition);

    public BrokerId PlacedOn(PartitionId partition) => Elsewhere.Contains(partition) ? new(2) : Self;

    public SiloAddress? SiloOf(BrokerId broker) => null;

    public BrokerId CoordinatorOf(string groupId) => Self;
}
