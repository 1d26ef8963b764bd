using System.Collections.Frozen;
using Orleans.Runtime;
using OrleansStream.Abstractions.Cluster;
using OrleansStream.Log.Brokers;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains.Cluster;

/// <summary>The live brokers and what is placed on each, as of one version of the cluster's membership. Immutable.</summary>
internal sealed class ClusterLayout
{
    private readonly FrozenDictionary<BrokerId, LiveBroker> _byId;

    private ClusterLayout(MembershipVersion version, IReadOnlyList<LiveBroker> members, PlacementTable placement, bool isComplete)
    {
        Version = version;
        Members = members;
        Placement = placement;
        IsComplete = isComplete;
        Brokers = [.. members.Select(static member => member.Broker)];
        _byId = members.ToFrozenDictionary(static member => member.Id);
    }

    public MembershipVersion Version { get; }

    /// <summary>By rising number.</summary>
    public IReadOnlyList<LiveBroker> Members { get; }

    public IReadOnlyList<Broker> Brokers { get; }

    public PlacementTable Placement { get; }

    /// <summary>False: of an Active silo there is no record yet, or only one of its predecessor. It is about to appear in the registry.</summary>
    public bool IsComplete { get; }

    /// <summary>Nobody is known yet.</summary>
    public static ClusterLayout Empty(Func<IReadOnlyDictionary<string, BrokerId>, PlacementTable> placementOf) =>
        new(MembershipVersion.MinValue, [], placementOf(new Dictionary<string, BrokerId>()), isComplete: false);

    /// <summary>The layout that follows from what membership and registry say now.</summary>
    /// <param name="membership">The newest snapshot.</param>
    /// <param name="records">The newest records that were read.</param>
    /// <param name="placementOf">Makes the table for a set of brokers; the one of <paramref name="before"/> is kept if the set is the same.</param>
    /// <param name="before">The layout until now.</param>
    public static ClusterLayout Of(
        ClusterMembershipSnapshot membership, IReadOnlyCollection<BrokerRecord> records, Func<IReadOnlyDictionary<string, BrokerId>, PlacementTable> placementOf, ClusterLayout before)
    {
        var members = new Dictionary<BrokerId, LiveBroker>();
        var isComplete = true;
        foreach (var silo in Active(membership))
        {
            var record = records.Where(record => record.SiloName == silo.Name).MinBy(static record => record.Broker.Value);
            if (record is not null)
            {
                members.TryAdd(record.Broker, LiveBroker.Of(record, silo.SiloAddress));
            }

            isComplete &= record?.SiloAddress == silo.SiloAddress.ToParsableString();
        }

        var sorted = members.Values.OrderBy(static member => member.Id.Value).ToList();
        var owners = sorted.Where(static member => !member.IsDraining).ToDictionary(static member => member.SiloName, static member => member.Id, StringComparer.Ordinal);
        var isSame = owners.Count == before.Placement.Brokers.Count && owners.All(owner => before.Placement.Brokers.TryGetValue(owner.Key, out var id) && id == owner.Value);
        return new ClusterLayout(membership.Version, sorted, isSame ? before.Placement : placementOf(owners), isComplete);
    }

    public LiveBroker? Find(BrokerId broker) => _byId.GetValueOrDefault(broker);

    /// <summary>Whether both say the same of every broker; the versions may differ.</summary>
    public bool Says(ClusterLayout other) =>
        Members.Count == other.Members.Count && Members.Zip(other.Members).All(static pair => pair.First.Says(pair.Second));

    // A silo that was started anew under its name may be Active before its predecessor is known to be dead: the younger one counts.
    private static IEnumerable<ClusterMember> Active(ClusterMembershipSnapshot membership) => membership.Members.Values
        .Where(static member => member.Status == SiloStatus.Active)
        .GroupBy(static member => member.Name, StringComparer.Ordinal)
        .Select(static same => same.MaxBy(static member => member.SiloAddress.Generation)!);
}
