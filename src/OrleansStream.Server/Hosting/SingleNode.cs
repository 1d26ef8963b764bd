using Orleans.Runtime;
using OrleansStream.Abstractions.Cluster;
using OrleansStream.Model.Ids;
using OrleansStream.Server.Configuration;

namespace OrleansStream.Server.Hosting;

/// <summary>A cluster of this one broker: it owns everything.</summary>
internal sealed class SingleNode(string clusterId, BrokerId self, string? rack, IReadOnlyList<Listener> listeners) : IClusterView
{
    private readonly Broker[] _brokers =
    [
        new(self, rack, listeners.ToDictionary(listener => listener.Name, listener => new Abstractions.Cluster.Endpoint(listener.AdvertisedHost, listener.AdvertisedPort), StringComparer.Ordinal)),
    ];

    public string ClusterId => clusterId;

    public BrokerId Self => self;

    public IReadOnlyList<Broker> Brokers => _brokers;

    public BrokerId OwnerOf(PartitionId partition) => self;

    public BrokerId PlacedOn(PartitionId partition) => self;

    public BrokerId CoordinatorOf(string groupId) => self;

    // Whoever asks for this broker knows its silo: he is in it.
    public SiloAddress? SiloOf(BrokerId broker) => null;
}
