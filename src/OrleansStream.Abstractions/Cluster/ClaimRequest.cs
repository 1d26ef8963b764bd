using System.Collections.Immutable;
using OrleansStream.Model.Ids;

namespace OrleansStream.Abstractions.Cluster;

/// <summary>Partitions that their owner wants to hand over.</summary>
/// <param name="MembershipVersion">The version of the cluster's membership that the owner placed them by: the other one must have heard of it before it answers.</param>
/// <param name="Partitions">At most <see cref="IBrokerService.MaxListed"/>.</param>
[GenerateSerializer, Immutable, Alias("os.ClaimRequest")]
public sealed record ClaimRequest(long MembershipVersion, ImmutableArray<PartitionId> Partitions);
