using OrleansStream.Log.Brokers;
using OrleansStream.Log.Ownership;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains.Cluster;

/// <summary>What a broker brings along to be one of several.</summary>
public sealed class BrokerClusterSetup
{
    /// <summary>This broker's number. Its silo must have the name that its record gives.</summary>
    public required BrokerId Self { get; init; }

    /// <summary>As read from storage, before anything else was.</summary>
    public required ClusterRecord Cluster { get; init; }

    /// <summary>Where brokers say who they are. This broker's record stands there, with its silo's address, before the silo starts.</summary>
    public required IBrokerRegistry Registry { get; init; }

    /// <summary>Lets go of partitions of this broker's log.</summary>
    public required IPartitionReleases Releases { get; init; }

    /// <summary>
    /// Ends this broker's lane at once, from any thread, without waiting: the cluster has declared the silo dead, and nothing more may be acknowledged here.
    /// </summary>
    public required Action<string> EndLane { get; init; }

    /// <summary>
    /// Ends the process after that, with the sentence that says why. Null: it ends at once with <see cref="Environment.FailFast(string)"/>, since others hold
    /// the silo for dead and nothing that it does in order would reach anybody.
    /// </summary>
    public Action<string>? EndProcess { get; init; }

    public MovementOptions Movement { get; init; } = new();
}
