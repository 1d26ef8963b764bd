using Orleans.Runtime;
using Orleans.Runtime.Placement;
using OrleansStream.Abstractions.Cluster;
using OrleansStream.Abstractions.Groups;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Coordination.Placement;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains.Placement;

/// <summary>
/// Puts a grain on the broker that may open its partition. Brokers whose views differ for a moment may choose differently: the directory takes one choice, a
/// broker that may not open the partition says so and gives the grain up, and storage decides who owns the log in any case.
/// </summary>
internal sealed class OwnerPlacementDirector(IClusterView cluster, PlacementRules rules) : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        var silos = context.GetCompatibleSilos(target);
        if (IPlacementDirector.GetPlacementHint(target.RequestContextData, silos) is { } hint)
        {
            return Task.FromResult(hint);
        }

        var owner = cluster.PlacedOn(PartitionOf(strategy, target.GrainIdentity));
        var silo = owner == cluster.Self ? context.LocalSilo : cluster.SiloOf(owner);

        // Nobody can tell who owns it, or the owner is not up to it: any silo can say so to the caller.
        return Task.FromResult(silo is not null && silos.Contains(silo) ? silo : silos.Contains(context.LocalSilo) ? context.LocalSilo : silos[0]);
    }

    private PartitionId PartitionOf(PlacementStrategy strategy, GrainId grain) => strategy switch
    {
        PartitionPlacement => PartitionId.Parse(grain.Key.ToString()!),
        GroupPlacement => new PartitionId(HiddenTopics.Groups, rules.JournalOf(GroupKeys.GroupOf(grain.Key.ToString()!))),
        _ => HiddenTopics.CatalogPartition,
    };
}
