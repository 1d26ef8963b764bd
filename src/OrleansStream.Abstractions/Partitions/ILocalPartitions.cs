using OrleansStream.Model.Ids;

namespace OrleansStream.Abstractions.Partitions;

/// <summary>
/// Opens partitions on this broker without a grain between: the claim in storage decides who owns a log, so a broker that placement names as the owner
/// needs nobody's leave to try. The partition's grain comes by the same way.
/// </summary>
public interface ILocalPartitions
{
    /// <summary>
    /// Opens the partition unless it is open. One claim for all who ask, bounded by the log alone: the caller bounds how many it asks for at once.
    /// </summary>
    /// <param name="partition">One that placement gives to this broker; of another the answer is NOT_LEADER_OR_FOLLOWER with the owner, and nothing is tried.</param>
    /// <param name="cancellationToken">Ends the wait; the claim runs on.</param>
    /// <returns>As <see cref="IPartitionGrain.EnsureOpenAsync"/> answers, but never "not yet".</returns>
    ValueTask<OpenResult> OpenAsync(PartitionId partition, CancellationToken cancellationToken);

    /// <summary>Moves log start of a partition that is open here up to the offset; -1 stands for the high watermark. NOT_LEADER_OR_FOLLOWER if it is not open.</summary>
    Task<DeleteRecordsResult> DeleteRecordsAsync(PartitionId partition, Offset before, CancellationToken cancellationToken);

    /// <summary>
    /// The epoch of the newest claim on the partition that is known here without asking anybody; null if there is none. Whoever serves the partition, now or
    /// later, does so in this epoch or in a higher one.
    /// </summary>
    LeaderEpoch? EpochOf(PartitionId partition);

    /// <summary>Stored bytes of the partition, which is not opened for it; null if they cannot be counted now.</summary>
    ValueTask<long?> SizeOfAsync(PartitionId partition, CancellationToken cancellationToken);

    /// <summary>Bytes of the volume that this broker writes to, and those that it may still write; -1 where that is unknown.</summary>
    (long TotalBytes, long UsableBytes) Volume { get; }
}
