using Orleans.Services;
using OrleansStream.Model.Ids;

namespace OrleansStream.Abstractions.Cluster;

/// <summary>What one broker tells of itself, and how it gives up what it owns. One for each silo, called by the silo's address; no call waits for a disk.</summary>
[Alias("os.IBrokerService")]
public interface IBrokerService : IGrainService
{
    /// <summary>The most partitions that <see cref="LocalPartitionsAsync"/> answers at once: what travels between silos shares a connection with their probes.</summary>
    const int MaxListed = 1000;

    /// <summary>What this broker has open.</summary>
    [Alias("Stats")]
    Task<BrokerStats> StatsAsync();

    /// <summary>Partitions that are open here, in the order of their ids.</summary>
    /// <param name="after">Where the last answer ended; null to begin.</param>
    /// <param name="atMost">1 to <see cref="MaxListed"/>; more counts as that.</param>
    [Alias("LocalPartitions")]
    Task<IReadOnlyList<LocalPartition>> LocalPartitionsAsync(PartitionId? after, int atMost);

    /// <summary>
    /// Gives up every partition: topics first, then the journals of groups and catalog. What has its place in the lane becomes durable and is answered; what
    /// comes later is sent elsewhere, and nothing is opened here any more. The broker does it by itself when its silo stops.
    /// </summary>
    /// <returns>How many partitions it gave up.</returns>
    [Alias("Drain")]
    Task<int> DrainAsync();
}

/// <summary>What a broker has open.</summary>
/// <param name="Broker">Whose.</param>
/// <param name="Partitions">Open partitions, with those of journals.</param>
/// <param name="SizeBytes">Their bytes from log start on.</param>
/// <param name="IsDraining">It gives up what it has.</param>
[GenerateSerializer, Immutable, Alias("os.BrokerStats")]
public sealed record BrokerStats(BrokerId Broker, int Partitions, long SizeBytes, bool IsDraining);

/// <summary>A partition that is open on a broker.</summary>
[GenerateSerializer, Immutable, Alias("os.LocalPartition")]
public sealed record LocalPartition(PartitionId Id, LeaderEpoch Epoch, Offset LogStart, Offset HighWatermark, long SizeBytes);
