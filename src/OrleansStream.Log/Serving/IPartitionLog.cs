using OrleansStream.Log.Journals;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Serving;

/// <summary>The log of this broker as grains see it: partitions are opened, shortened and deleted here. Bytes go through the handles.</summary>
public interface IPartitionLog
{
    HandleTable Handles { get; }

    /// <summary>What journal partitions share.</summary>
    JournalParts Journals { get; }

    /// <summary>Whether the partition was ever opened, here or elsewhere, as far as is known without asking anybody.</summary>
    bool HasLog(PartitionId partition);

    /// <summary>Whether the partition was ever opened, here or elsewhere. Asks storage where that is not known without.</summary>
    /// <exception cref="LogException">Storage failed.</exception>
    ValueTask<bool> HasLogAsync(PartitionId partition, CancellationToken cancellationToken) => ValueTask.FromResult(HasLog(partition));

    /// <summary>
    /// The epoch of the newest claim on the partition that is known without asking anybody; null if there is none. Whoever serves the partition does so in this
    /// epoch or in a later one. Cheap: Metadata asks for every partition.
    /// </summary>
    LeaderEpoch? EpochOf(PartitionId partition);

    /// <summary>Stored bytes of the partition's log, which is not opened for it; 0 if it was never opened.</summary>
    /// <exception cref="LogException">They cannot be counted now.</exception>
    ValueTask<long> SizeOfAsync(PartitionId partition, CancellationToken cancellationToken);

    /// <summary>Bytes of the volume that the log lies on, and those that may still be written; -1 where that is unknown.</summary>
    (long TotalBytes, long UsableBytes) Volume { get; }

    /// <summary>
    /// Claims the partition and publishes its handle; the one that serves already if there is one. Callers may race: one claim runs for all of them, and
    /// a cancelled wait never cancels it.
    /// </summary>
    ValueTask<OpenedHandle> OpenAsync(PartitionId partition, PartitionSettings settings, CancellationToken cancellationToken);

    /// <summary>Moves log start up to the offset, durably. OFFSET_OUT_OF_RANGE above the high watermark.</summary>
    ValueTask<ErrorCode> MoveLogStartAsync(PartitionHandle handle, Offset offset, CancellationToken cancellationToken);

    /// <summary>Ends the handle and writes the partition's tombstone, creating it if the partition was never opened (rule D3). Its bytes go in the background.</summary>
    ValueTask DeleteAsync(PartitionId partition, CancellationToken cancellationToken);
}

/// <summary>How an opening ended.</summary>
/// <param name="Error">NONE; NOT_LEADER_OR_FOLLOWER when another broker owns it; UNKNOWN_TOPIC_OR_PARTITION for a tombstone; KAFKA_STORAGE_ERROR.</param>
/// <param name="Handle">Set without an error. It may have been closed again by the time it is looked at.</param>
/// <param name="Owner">The broker that owns it, where that is another one.</param>
public readonly record struct OpenedHandle(ErrorCode Error, PartitionHandle? Handle, BrokerId? Owner = null)
{
    /// <summary>With KAFKA_STORAGE_ERROR: the damage that keeps the partition closed, which does not heal. Null if it may open when it is asked for again.</summary>
    public Storage.CorruptBlockException? Damage { get; init; }
}
