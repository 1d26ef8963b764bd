using System.Collections.Immutable;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Retention;

/// <summary>Moves log starts up: for DeleteRecords, which names the offset, and for retention, which finds it. Safe for any number of callers.</summary>
/// <param name="manifests">Writes the manifests.</param>
/// <param name="pending">Told of segments that are to be deleted.</param>
/// <param name="producers">Saves the producers of records before those go (rule D6).</param>
public sealed class LogStartMover(ManifestEditor manifests, PendingObjects pending, ProducerSnapshots producers)
{
    /// <summary>
    /// Moves log start and drops the extents below in one manifest write (rule D1), durable on return; waiting fetches look again. WAL extents are only
    /// forgotten, since other partitions share their blocks; segments are deleted later (rule D2).
    /// </summary>
    /// <param name="handle">Of the partition, which this broker owns.</param>
    /// <param name="offset">The new log start; <see cref="Offset.None"/> for the high watermark. At or below the present log start nothing changes.</param>
    /// <param name="cancellationToken">Ends the wait; the move may still happen.</param>
    /// <returns>None; OFFSET_OUT_OF_RANGE above the high watermark or below -1; the handle's code if it is closed; KAFKA_STORAGE_ERROR if the producers could not be saved: nothing moved, try again.</returns>
    public async ValueTask<ErrorCode> MoveAsync(PartitionHandle handle, Offset offset, CancellationToken cancellationToken)
    {
        if (handle.Closed != ErrorCode.None) return handle.Closed;
        var target = offset == Offset.None ? handle.HighWatermark : offset;
        if (target < Offset.Zero || target > handle.HighWatermark) return ErrorCode.OffsetOutOfRange;
        if (target <= handle.LogStart) return ErrorCode.None;

        // Rule D6: records go only behind a snapshot of their producers. What kept it from being saved may pass.
        if (!await producers.SaveBeforeAsync(handle, target, cancellationToken)) return handle.Closed != ErrorCode.None ? handle.Closed : ErrorCode.KafkaStorageError;
        var edit = await handle.EditManifestAsync(manifests, manifest => WithLogStart(manifest, target), cancellationToken);
        if (edit.Outcome == ManifestEditOutcome.NotOwner) return handle.Closed;
        if (!edit.Manifest!.PendingDelete.IsEmpty) pending.Watch(handle.Id);
        return ErrorCode.None;
    }

    /// <summary>The same manifest from that offset on; null if it starts there already.</summary>
    internal static Manifest? WithLogStart(Manifest manifest, Offset offset)
    {
        if (offset <= manifest.LogStart) return null;

        var dropped = manifest.Extents.Where(extent => extent.LastOffset < offset).ToImmutableArray();
        return manifest with
        {
            LogStart = offset,
            Extents = manifest.Extents.RemoveRange(0, dropped.Length),
            PendingDelete = manifest.PendingDelete.AddRange(dropped.OfType<SegmentExtent>().Select(static segment => segment.Name)),
        };
    }
}
