using Orleans.Runtime;
using OrleansStream.Abstractions.Partitions;
using OrleansStream.Log.Ownership;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains.Cluster;

/// <summary>What the background work of this broker's log asks of the cluster.</summary>
public sealed class LogCluster
{
    private readonly ClusterMembers _members;
    private readonly BrokerRecords _records;
    private readonly SiloStatuses _silos;
    private readonly IGrainFactory _grains;

    internal LogCluster(ClusterMembers members, BrokerRecords records, SiloStatuses silos, IGrainFactory grains)
    {
        (_members, _records, _silos, _grains) = (members, records, silos, grains);
        members.Changed += (_, _) => MembershipChanged?.Invoke();
    }

    /// <summary>A broker came, went, or says something else of itself. Must not block.</summary>
    public event Action? MembershipChanged;

    /// <summary>Whether this broker does what one does for all: the living one of the lowest number that is not about to stop.</summary>
    public bool DoesSharedWork => _members.Layout.Members.FirstOrDefault(static member => !member.IsDraining)?.Id == _members.Self;

    /// <summary>Whether placement gives the partition to this broker. False as long as no broker is known.</summary>
    public bool IsPlacedHere(PartitionId partition) => _members.Layout.Placement.Of(partition) == _members.Self;

    /// <summary>What registry and membership say of a session, both asked now.</summary>
    /// <exception cref="Log.LogException">Storage failed.</exception>
    public async ValueTask<SessionStanding> StandingOfAsync(SessionId session, CancellationToken cancellationToken)
    {
        var record = await _records.ReadAsync(session.Broker, cancellationToken);
        if (record?.Session != session)
        {
            return SessionStanding.Unknown;
        }

        return await _silos.OfAsync(SiloAddress.FromParsableString(record!.SiloAddress), cancellationToken) switch
        {
            SiloStatus.Dead => SessionStanding.Ended,
            SiloStatus.None => SessionStanding.Unknown, // A broker names its session before it joins, and must not be fenced meanwhile.
            _ => SessionStanding.Lives,
        };
    }

    /// <summary>Has the partition opened by the broker that placement names, whoever is asked; an open one stays as it is.</summary>
    public async ValueTask OpenWherePlacedAsync(PartitionId partition, CancellationToken cancellationToken) =>
        await _grains.GetGrain<IPartitionGrain>(partition.ToString()).EnsureOpenAsync(cancellationToken);
}
