using Orleans.Runtime;

namespace OrleansStream.Grains.Cluster;

/// <summary>Which silos membership has declared dead.</summary>
internal sealed class SiloStatuses(IClusterMembershipService membership)
{
    /// <summary>Dead is for ever; a silo that nobody knows was cleaned away after its death, unless this snapshot is older than the silo.</summary>
    public async ValueTask<bool> IsDeadAsync(SiloAddress silo, CancellationToken cancellationToken)
    {
        var status = membership.CurrentSnapshot.GetSiloStatus(silo);
        if (status == SiloStatus.None)
        {
            await membership.Refresh(default, cancellationToken);
            status = membership.CurrentSnapshot.GetSiloStatus(silo);
        }

        return status is SiloStatus.Dead or SiloStatus.None;
    }
}
