using Orleans.Runtime;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Coordination.Placement;

namespace OrleansStream.Grains.Cluster;

/// <summary>What the layout of a cluster is made of.</summary>
internal sealed record MemberSources(IClusterMembershipService Membership, BrokerRecords Records, CatalogView Catalog, PlacementRules Rules, TimeProvider Time);
