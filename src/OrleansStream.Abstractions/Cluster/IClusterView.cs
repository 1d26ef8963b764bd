using Orleans.Runtime;
using OrleansStream.Model.Ids;

namespace OrleansStream.Abstractions.Cluster;

/// <summary>Which brokers there are and who owns what, as this broker sees it now. Every call is quick and asks nobody.</summary>
public interface IClusterView
{
    /// <summary>Stays the same for the life of the data.</summary>
    string ClusterId { get; }

    BrokerId Self { get; }

    /// <summary>Every live broker, this one included, by rising id.</summary>
    IReadOnlyList<Broker> Brokers { get; }

    /// <summary>The broker that serves the partition, as far as is known here; else the one that would if somebody asked for it.</summary>
    BrokerId OwnerOf(PartitionId partition);

    /// <summary>The broker that placement gives the partition to: the only one that may open it. Another one may still serve it, until this one asks for it.</summary>
    BrokerId PlacedOn(PartitionId partition);

    /// <summary>The broker that owns the journal partition of this group: its coordinator.</summary>
    BrokerId CoordinatorOf(string groupId);

    /// <summary>The silo of a live broker; null for one that is gone, or that nothing is known of.</summary>
    SiloAddress? SiloOf(BrokerId broker);
}

/// <summary>A live broker and where clients reach it.</summary>
/// <param name="Rack">What `broker.rack` says; null if nothing.</param>
/// <param name="Endpoints">The advertised address of each of its listeners, by listener name.</param>
public sealed record Broker(BrokerId Id, string? Rack, IReadOnlyDictionary<string, Endpoint> Endpoints);

/// <summary>A host and a port that a client can connect to.</summary>
public readonly record struct Endpoint(string Host, int Port);
