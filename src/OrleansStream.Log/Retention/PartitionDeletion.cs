using System.Collections.Concurrent;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Retention;

/// <summary>Deletes partitions for good (rule D3). Safe for any number of callers.</summary>
/// <param name="manifests">Writes the tombstones.</param>
/// <param name="handles">The open partitions.</param>
/// <param name="currentLane">The lane of the current session, ended or not.</param>
/// <param name="pending">Told of objects that are to be deleted.</param>
/// <param name="isOpening">Whether an open of the partition is under way. Null: never.</param>
public sealed class PartitionDeletion(ManifestEditor manifests, HandleTable handles, Func<ILane> currentLane, PendingObjects pending, Func<PartitionId, bool>? isOpening = null)
{
    // Deleted while somebody opened them: what is kept to refuse that open is forgotten when it has ended.
    private readonly ConcurrentDictionary<PartitionId, byte> _remembered = new();

    /// <summary>
    /// Writes the partition's tombstone, creating it if there is no manifest, and ends its handle; durable on return. What the lane holds of it is
    /// forgotten, so that the next trim frees it. Repeating it does no harm.
    /// </summary>
    /// <exception cref="LogException">Storage failed: the partition may be deleted or not. Delete it again.</exception>
    public async ValueTask DeleteAsync(PartitionId partition, CancellationToken cancellationToken)
    {
        var lane = currentLane();
        var edit = await manifests.EditAnyAsync(partition, stands => TombstoneOf(stands, partition, lane.Session), cancellationToken);
        var tombstone = edit.Manifest!;

        // Nobody claims a tombstone: its epoch is the last one. Frames that have their place already are waited for, else the index would keep them.
        lane.CloseEpoch(partition, tombstone.Epoch);
        handles.Withdraw(partition, tombstone.Epoch, ErrorCode.UnknownTopicOrPartition);
        await lane.DrainAsync(partition, cancellationToken);
        lane.Index.ForgetBelow(partition, new Offset(long.MaxValue));
        if (!tombstone.PendingDelete.IsEmpty) pending.Watch(partition);

        // An open that begins from here on finds the tombstone. One that is under way may have read what stood before: its epoch must stay closed.
        _remembered[partition] = 0;
        OnOpened(partition);
    }

    /// <summary>An open of the partition has ended: if it is deleted, what was kept to refuse that open is forgotten.</summary>
    public void OnOpened(PartitionId partition)
    {
        if (isOpening?.Invoke(partition) != true && _remembered.TryRemove(partition, out _)) currentLane().Forget(partition);
    }

    /// <summary>The tombstone that takes a manifest's place; null if it is one.</summary>
    internal static Manifest? TombstoneOf(Manifest? manifest, PartitionId partition, SessionId session)
    {
        if (manifest is null) return new Manifest { Partition = partition, Epoch = default, Owner = session, Nonce = default, Deleted = true };
        if (manifest.Deleted) return null;

        var names = manifest.Extents.OfType<SegmentExtent>().Select(static segment => segment.Name);
        if (manifest.Snapshot is { } snapshot) names = names.Append(snapshot.Name);
        return manifest with
        {
            Deleted = true,
            Extents = [],
            Epochs = [],
            Snapshot = null,
            PendingDelete = manifest.PendingDelete.AddRange(names),
        };
    }
}
