using Orleans.Runtime;

namespace OrleansStream.Grains.Cluster;

/// <summary>What membership says of silos.</summary>
internal sealed class SiloStatuses(IClusterMembershipService membership)
{
    /// <summary>
    /// Dead is for ever. None is a silo that was cleaned away after its death, or that has yet to join; never one that joined after the snapshot here was taken.
    /// </summary>
    public async ValueTask<SiloStatus> OfAsync(SiloAddress silo, CancellationToken cancellationToken)
    {
        var status = membership.CurrentSnapshot.GetSiloStatus(silo);
        if (status == SiloStatus.None)
        {
            await membership.Refresh(default, cancellationToken);
            status = membership.CurrentSnapshot.GetSiloStatus(silo);
        }

        return status;
    }

    /// <summary>Whether a silo that once joined is dead. Only such a one has ever owned partitions.</summary>
    public async ValueTask<bool> IsDeadAsync(SiloAddress silo, CancellationToken cancellationToken) =>
        await OfAsync(silo, cancellationToken) is SiloStatus.Dead or SiloStatus.None;
}
