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
    /// <param name="partition">One that placement gives to this broker.</param>
    /// <param name="cancellationToken">Ends the wait; the claim runs on.</param>
    /// <returns>As <see cref="IPartitionGrain.EnsureOpenAsync"/> answers, but never "not yet".</returns>
    ValueTask<OpenResult> OpenAsync(PartitionId partition, CancellationToken cancellationToken);
}
