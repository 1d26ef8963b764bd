using System.Collections.Immutable;
using Orleans.Runtime;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Model.Ids;

namespace OrleansStream.Abstractions.Cluster;

/// <summary>What changed at a broker since it last told the receiver.</summary>
[GenerateSerializer, Immutable, Alias("os.BrokerNews")]
public sealed record BrokerNews
{
    /// <summary>Whose news.</summary>
    [Id(0)]
    public required BrokerId Broker { get; init; }

    /// <summary>Its silo: what it served before it was started anew is not served any more.</summary>
    [Id(1)]
    public required SiloAddress Silo { get; init; }

    /// <summary>Partitions that it began or ceased to serve, or that it lets go of; at most <see cref="IBrokerService.MaxListed"/>.</summary>
    [Id(2)]
    public ImmutableArray<ServedPartition> Partitions { get; init; } = [];

    /// <summary>Changes of the catalog, in order, from the broker that owns it.</summary>
    [Id(3)]
    public ImmutableArray<CatalogStep> Catalog { get; init; } = [];

    /// <summary>The newest version of the catalog that it knows to exist; 0 if it has none to tell.</summary>
    [Id(4)]
    public long CatalogVersion { get; init; }

    /// <summary>Its record in the registry changed: read it again.</summary>
    [Id(5)]
    public bool RecordChanged { get; init; }
}

/// <summary>That a broker serves a partition in an epoch, or does no more.</summary>
/// <param name="Partition">Which.</param>
/// <param name="Epoch">In which it serves the partition, or did.</param>
/// <param name="IsServed">False once it has closed the partition, and nobody has to take it over if the broker dies.</param>
/// <param name="IsLeaving">It let go of the partition because it leaves the cluster: clients ask whom placement names; and if nobody has claimed it when the broker is gone, it is to be taken over.</param>
[GenerateSerializer, Immutable, Alias("os.ServedPartition")]
public readonly record struct ServedPartition(PartitionId Partition, LeaderEpoch Epoch, bool IsServed, bool IsLeaving = false);

/// <summary>What the receiver of news says.</summary>
/// <param name="CatalogVersion">The version of the catalog that its requests see from now on.</param>
/// <param name="MissedRecord">It could not read the record that it was told of, and goes by the one before: it is to be told again.</param>
[GenerateSerializer, Immutable, Alias("os.HeardNews")]
public sealed record HeardNews(long CatalogVersion, bool MissedRecord = false);
