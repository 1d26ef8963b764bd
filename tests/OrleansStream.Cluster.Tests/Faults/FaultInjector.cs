using OrleansStream.Testing.Brokers;
using OrleansStream.Testing.Clusters;
using OrleansStream.Testing.Proxies;

namespace OrleansStream.Cluster.Tests.Faults;

/// <summary>Does to a cluster what a fault says, for as long as it says, and takes it back.</summary>
internal sealed class FaultInjector(BrokerCluster cluster, Supervisor supervisor)
{
    /// <summary>The kinds that this cluster has something to be hit at.</summary>
    public static IReadOnlyList<FaultKind> KindsOf(BrokerCluster cluster) =>
    [
        .. FaultKinds.All.Where(kind => kind.IsOfStorage() ? cluster.StorageLink(1) is not null : !kind.IsOfPeers() || cluster.PeerLink(1, 2) is not null),
    ];

    public Task InjectAsync(Fault fault) => fault.Kind switch
    {
        FaultKind.Kill => KillAsync(BrokerOf(fault), fault.Lasts),
        FaultKind.Freeze or FaultKind.LongFreeze => FreezeAsync(BrokerOf(fault), fault.Lasts),
        FaultKind.Stop => StopAsync(BrokerOf(fault), fault.Lasts),
        FaultKind.Roll => RollAsync(fault.Lasts),
        _ => DisturbAsync(LinksOf(fault), fault),
    };

    private BrokerProcess BrokerOf(Fault fault) => cluster.Brokers[fault.Broker - 1];

    private async Task KillAsync(BrokerProcess broker, TimeSpan down)
    {
        using var _ = await supervisor.TakeAsync(broker);
        await broker.KillAsync();
        await Task.Delay(down);
        await broker.StartAsync();
    }

    private async Task FreezeAsync(BrokerProcess broker, TimeSpan time)
    {
        // Not taken from the supervisor: a broker that wakes up declared dead may end, and is then started again as in any production.
        if (!broker.IsRunning) await supervisor.RunningAsync(broker);
        broker.Pause();
        await Task.Delay(time);
        broker.Resume();
    }

    private async Task StopAsync(BrokerProcess broker, TimeSpan down)
    {
        using var _ = await supervisor.TakeAsync(broker);
        await broker.StopAsync();
        supervisor.NoteStop(broker);
        await Task.Delay(down);
        await broker.StartAsync();
    }

    private async Task RollAsync(TimeSpan down)
    {
        foreach (var broker in cluster.Brokers) await StopAsync(broker, down);
    }

    private static async Task DisturbAsync(IReadOnlyList<Link> links, Fault fault)
    {
        foreach (var link in links) link.Apply(fault.OnLink);
        await Task.Delay(fault.Lasts);
        foreach (var link in links)
        {
            if (fault.EndsWithCut) link.Apply(new LinkFault.Cut());
            link.Apply(null);
        }
    }

    private List<Link> LinksOf(Fault fault)
    {
        if (fault.Kind.IsOfStorage()) return [cluster.StorageLink(fault.Broker)!];
        var peers = fault.Peer is { } peer ? [peer] : cluster.Brokers.Select(broker => broker.Id).Where(id => id != fault.Broker);
        return [.. peers.SelectMany(other => fault.IsOneWay ? [cluster.PeerLink(fault.Broker, other)!] : new[] { cluster.PeerLink(fault.Broker, other)!, cluster.PeerLink(other, fault.Broker)! })];
    }
}
