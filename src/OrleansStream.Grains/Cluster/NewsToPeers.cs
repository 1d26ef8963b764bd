using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;
using OrleansStream.Abstractions.Cluster;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Grains.Partitions;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains.Cluster;

/// <summary>
/// Tells every other broker what changes here: partitions that begin or cease to be served, steps of the catalog while it is owned here, and that the
/// broker's record is another one. Nothing is sent while nothing changes; what cannot be sent is kept, and sent as long as the other one lives.
/// </summary>
internal sealed class NewsToPeers(ClusterMembers members, LocalPartitions partitions, PartitionLeaders leaders, NewsSending sending, ILocalSiloDetails self) : IHostedService
{
    private readonly HandleTable _handles = partitions.Log.Handles;
    private readonly Lock _gate = new();
    private readonly Dictionary<SiloAddress, PeerNews> _peers = [];
    private bool _isStopped;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _handles.Opened += OnOpened;
        _handles.Withdrawn += OnWithdrawn;
        members.Changed += OnChanged;
        FollowLayout(members.Layout);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        members.Changed -= OnChanged;
        _handles.Opened -= OnOpened;
        _handles.Withdrawn -= OnWithdrawn;
        List<PeerNews> all;
        lock (_gate)
        {
            _isStopped = true;
            all = [.. _peers.Values];
            _peers.Clear();
        }

        await Task.WhenAll(all.Select(static peer => peer.EndAsync())).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>The catalog has taken a step.</summary>
    public void Tell(CatalogStep step) => ForEach(peer => peer.Add(step));

    /// <summary>There is this version of the catalog; whoever has an older one fetches it.</summary>
    public void Tell(long catalogVersion) => ForEach(peer => peer.Add(catalogVersion));

    /// <summary>This broker's record changed.</summary>
    /// <returns>Completes when every live broker has read it.</returns>
    public Task TellRecordChangedAsync() => Task.WhenAll(ForEach(static peer => peer.AddRecordChange()));

    /// <summary>Completes when every live broker has this version of the catalog, or a later one.</summary>
    public Task WhenHeardAsync(long catalogVersion) => Task.WhenAll(ForEach(peer => peer.WhenHeardAsync(catalogVersion)));

    private void OnOpened(PartitionHandle handle) => Tell(new ServedPartition(handle.Id, handle.Epoch, IsServed: true));

    // What a broker closes while it leaves another one is about to claim, which clients are to find at once; or nobody is, and it must be taken over when this one is gone.
    private void OnWithdrawn(PartitionHandle handle) => Tell(new ServedPartition(handle.Id, handle.Epoch, partitions.IsDraining, partitions.IsDraining));

    private void Tell(ServedPartition partition)
    {
        leaders.Note(partition.Partition, new Leader(members.Self, self.SiloAddress, partition.Epoch, partition.IsServed, partition.IsLeaving));
        ForEach(peer => peer.Add(partition));
    }

    private void OnChanged(ClusterLayout before, ClusterLayout after) => FollowLayout(after);

    private void FollowLayout(ClusterLayout layout)
    {
        var arrived = new List<PeerNews>();
        lock (_gate)
        {
            if (_isStopped)
            {
                return;
            }

            foreach (var (silo, peer) in _peers.Where(peer => !layout.Members.Any(member => member.Silo.Equals(peer.Key))).ToList())
            {
                _peers.Remove(silo);
                _ = peer.EndAsync();
            }

            foreach (var member in layout.Members.Where(member => member.Id != members.Self && !_peers.ContainsKey(member.Silo)))
            {
                var peer = new PeerNews(sending, member, () => new BrokerNews { Broker = members.Self, Silo = self.SiloAddress });
                _peers.Add(member.Silo, peer);
                arrived.Add(peer);
            }
        }

        // What changes meanwhile it hears of already, and that is newer than what is found here.
        foreach (var peer in arrived)
        {
            peer.Begin(_handles.All.Select(static handle => new ServedPartition(handle.Id, handle.Epoch, true)));
        }
    }

    private void ForEach(Action<PeerNews> tell)
    {
        lock (_gate)
        {
            foreach (var peer in _peers.Values)
            {
                tell(peer);
            }
        }
    }

    private List<Task> ForEach(Func<PeerNews, Task> tell)
    {
        lock (_gate)
        {
            return [.. _peers.Values.Select(tell)];
        }
    }
}

/// <summary>What sending news takes.</summary>
internal sealed record NewsSending(IBrokerServices Services, TimeProvider Time, ILogger<NewsToPeers> Logger);
