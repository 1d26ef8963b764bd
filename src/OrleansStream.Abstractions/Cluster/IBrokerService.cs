using System.Collections.Immutable;
using Orleans.Services;
using OrleansStream.Model.Ids;

namespace OrleansStream.Abstractions.Cluster;

/// <summary>What one broker tells of itself, what others ask of it, and how it gives up what it owns. One for each silo, called by the silo's address.</summary>
[Alias("os.IBrokerService")]
public interface IBrokerService : IGrainService
{
    /// <summary>The most partitions that <see cref="LocalPartitionsAsync"/> answers at once: what travels between silos shares a connection with their probes.</summary>
    const int MaxListed = 1000;

    /// <summary>The most bytes that one call carries, for the same reason.</summary>
    const int MaxBytes = 1024 * 1024;

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

    /// <summary>
    /// Makes ready what this broker holds of a partition, which it goes on serving, for a broker that wants to claim it: the release that follows is short then. May be
    /// asked again and again.
    /// </summary>
    /// <param name="partition">Which.</param>
    /// <param name="owner">The session of this broker that the claimant found in the manifest.</param>
    [Alias("Prepare")]
    Task<ReleaseReply> PrepareAsync(PartitionId partition, SessionId owner);

    /// <summary>
    /// Lets go of a partition for a broker that wants to claim it (rules L1 to L5). Needs no activation of the partition, and works while the broker drains.
    /// May be asked again and again.
    /// </summary>
    /// <param name="partition">Which.</param>
    /// <param name="owner">The session of this broker that the claimant found in the manifest.</param>
    [Alias("Release")]
    Task<ReleaseReply> ReleaseAsync(PartitionId partition, SessionId owner);

    /// <summary>What follows in an answer of <see cref="PrepareAsync"/> or <see cref="ReleaseAsync"/> that was longer than <see cref="MaxBytes"/>. Kept for half a minute; null after that.</summary>
    /// <param name="answer">Which answer.</param>
    /// <param name="from">How many of its bytes the claimant has.</param>
    [Alias("ReleaseRest")]
    Task<ReleaseReply?> ReleaseRestAsync(Guid answer, int from);

    /// <summary>Asks this broker to open partitions that the caller still serves and placement gives to this one. Ends within the time of a grain call.</summary>
    /// <returns>For each partition, in the order of the request, how its opening went; LEADER_NOT_AVAILABLE if it goes on.</returns>
    [Alias("Claim")]
    Task<ImmutableArray<ErrorCode>> ClaimAsync(ClaimRequest request);

    /// <summary>Hears what changed at another broker. Of one broker the calls come one after the other.</summary>
    [Alias("Hear")]
    Task<HeardNews> HearAsync(BrokerNews news);
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
