using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Records;

namespace OrleansStream.Log.Serving;

/// <summary>What all partition handles of one broker share, whatever lane they append to.</summary>
public sealed class ServingParts
{
    /// <summary>Reads what the tail cache no longer holds. It decides on which threads a read runs.</summary>
    public required IExtentReader Extents { get; init; }

    public required TailCache Tail { get; init; }

    public required TimeProvider Time { get; init; }

    /// <summary>
    /// Reads a manifest anew when an object is gone that it names (rule D2). Null where no other process changes manifests: those in memory are the newest.
    /// </summary>
    public ManifestEditor? Manifests { get; init; }

    /// <summary>Which batches are decompressed to look at each record (<c>Validation:Records</c>).</summary>
    public RecordValidation Validation { get; init; }

    /// <summary>
    /// Told of a read that failed for good: the partition, the offset that was wanted, and the failure, which names file and byte. The client gets
    /// KAFKA_STORAGE_ERROR. Called by the reader, beside others; must not block or throw.
    /// </summary>
    public Action<PartitionId, Offset, LogException>? OnReadFailed { get; init; }

    /// <summary>
    /// Told of the first batch of a partition that a time lookup could not look into: what a client compressed is not checked unless the topic asks for it.
    /// Nothing is lost and nobody gets an error. The same rules as for <see cref="OnReadFailed"/>.
    /// </summary>
    public Action<PartitionId, string>? OnUnreadable { get; init; }

    /// <summary>
    /// Whether this broker stood still, and does not know yet whether it still owns anything (rule W2): reads are then answered NOT_LEADER_OR_FOLLOWER, and the
    /// client comes back. Asked for each read. Never unless set.
    /// </summary>
    public Func<bool> IsStalled { get; init; } = static () => false;

    internal PendingAppendPool Appends { get; } = new();
}
