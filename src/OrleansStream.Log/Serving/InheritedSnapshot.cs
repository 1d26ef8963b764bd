using OrleansStream.Log.Manifests;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Serving;

/// <summary>What a claim makes of the snapshot that the manifest names.</summary>
internal static class InheritedSnapshot
{
    /// <summary>
    /// Drops a snapshot that knows of records which the log has not. With relaxed sync a crash takes acknowledged records away, and the offsets are given
    /// again: once the log has grown past what the snapshot covers, it would call new batches duplicates of those that are gone.
    /// </summary>
    /// <param name="manifest">To be claimed, with its extents.</param>
    /// <param name="logEnd">The next offset of its log.</param>
    public static Manifest Checked(Manifest manifest, Offset logEnd) => manifest.Snapshot is { } snapshot && snapshot.CoversTo > logEnd
        ? manifest with { Snapshot = null, PendingDelete = manifest.PendingDelete.Add(snapshot.Name) }
        : manifest;
}
