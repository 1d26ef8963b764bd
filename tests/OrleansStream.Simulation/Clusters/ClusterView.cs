using OrleansStream.Log.AzureBlobs.Brokers;
using OrleansStream.Log.AzureBlobs.Upkeep;
using OrleansStream.Log.Ownership;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Ids;

namespace OrleansStream.Simulation.Clusters;

/// <summary>What one broker knows of its cluster, by membership as it has heard of it and by the registry: two brokers may believe different things at once.</summary>
internal sealed class ClusterView(ClusterWorld world, ClusterBroker viewer, BlobBrokerRegistry registry)
{
    public BlobClusterView ForUpkeep => new()
    {
        IsPlacedHere = partition => PlacedOn(partition) == viewer,
        DoesSharedWork = () => Members.First() == viewer,
        StandingOf = StandingOfAsync,
        OpenWherePlaced = OpenWherePlacedAsync,
    };

    // By rising number. Whoever was killed is a member until that is known.
    private IEnumerable<ClusterBroker> Members => world.Brokers.Where(broker => broker == viewer || !world.Membership.KnowsDead(viewer.Silo, broker.Silo)).OrderBy(static broker => broker.Number);

    private ClusterBroker PlacedOn(PartitionId partition)
    {
        var members = Members.ToList();
        return members[partition.Index % members.Count];
    }

    private async ValueTask<SessionStanding> StandingOfAsync(SessionId session, CancellationToken cancellationToken)
    {
        var record = (await registry.GetAsync(session.Broker, cancellationToken))?.Record;
        if (record?.Session != session) return SessionStanding.Unknown;
        return world.Membership.KnowsDead(viewer.Silo, record.SiloAddress) ? SessionStanding.Ended : SessionStanding.Lives;
    }

    // A call that may get lost, and whose answer nobody waits for here.
    private ValueTask OpenWherePlacedAsync(PartitionId partition, CancellationToken cancellationToken)
    {
        var target = PlacedOn(partition);
        if (!world.Calls.IsHit()) world.Clock.In(world.Calls.NextDelay(), () => Open(target, partition));
        return ValueTask.CompletedTask;
    }

    private void Open(ClusterBroker target, PartitionId partition)
    {
        if (!target.Serves) return;
        target.Scheduler.Post(async () =>
        {
            try
            {
                await target.Log!.OpenAsync(partition, world.SettingsOf(partition) ?? new PartitionSettings(), CancellationToken.None);
            }
            catch (Exception error)
            {
                world.Judge(target, $"open of {partition}", error);
            }
        });
    }
}
