using OrleansStream.Grains.Cluster;
using OrleansStream.Log.AzureBlobs.Upkeep;
using OrleansStream.Log.Ownership;

namespace OrleansStream.Server.Hosting;

/// <summary>What the log's background work asks of the cluster. The log is there before the silo, so the way to it is set later: until then nobody is dead and nothing is placed here.</summary>
internal sealed class ClusterLink
{
    private LogCluster? _cluster;

    public BlobClusterView View => new()
    {
        IsPlacedHere = partition => Cluster is { } cluster && cluster.IsPlacedHere(partition),
        DoesSharedWork = () => Cluster is { DoesSharedWork: true },
        StandingOf = (session, cancellationToken) => Cluster is { } cluster ? cluster.StandingOfAsync(session, cancellationToken) : ValueTask.FromResult(SessionStanding.Lives),
        OpenWherePlaced = (partition, cancellationToken) => Cluster is { } cluster ? cluster.OpenWherePlacedAsync(partition, cancellationToken) : ValueTask.CompletedTask,
    };

    private LogCluster? Cluster => Volatile.Read(ref _cluster);

    /// <summary>From here on the cluster is asked, and the log told of its changes.</summary>
    public void Connect(LogCluster cluster, SharedUpkeep shared)
    {
        Volatile.Write(ref _cluster, cluster);
        cluster.MembershipChanged += shared.OnMembershipChanged;
    }
}
