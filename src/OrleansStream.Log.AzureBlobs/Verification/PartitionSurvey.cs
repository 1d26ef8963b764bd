using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Retention;
using OrleansStream.Log.Segments;
using OrleansStream.Log.Storage;
using OrleansStream.Log.Verification;
using OrleansStream.Model;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Verification;

/// <summary>
/// Judges one partition: whether its extents follow each other, every byte of its segments and snapshot, and whether what its manifest says of lanes stands
/// there. Used by one task.
/// </summary>
/// <param name="objects">Where segments and snapshots stand.</param>
/// <param name="segments">Reads them.</param>
/// <param name="sessions">What was found in lanes.</param>
internal sealed class PartitionSurvey(IObjectStore objects, SegmentReader segments, SurveyedSessions sessions)
{
    private const int StepBytes = 4 * Limits.MiB;

    private readonly List<Finding> _findings = [];

    /// <exception cref="StorageException">Storage failed: nothing is known of what was not read.</exception>
    public async ValueTask<IReadOnlyList<Finding>> FindAsync(Manifest manifest, CancellationToken cancellationToken)
    {
        _findings.Clear();
        if (manifest.Deleted) return [];

        var name = BlobNames.ManifestOf(manifest.Partition);
        var end = manifest.LogStart;
        foreach (var extent in manifest.Extents)
        {
            if (extent.BaseOffset > end) Add(name, -1, $"Partition {manifest.Partition}: offsets {end} to {extent.BaseOffset.Value - 1} are in no extent.");
            if (extent.LastOffset < extent.BaseOffset || (extent.LastOffset < end && extent != manifest.Extents[0]))
                Add(name, -1, $"Partition {manifest.Partition}: the extent of offsets {extent.BaseOffset} to {extent.LastOffset} does not follow offset {end}.");
            if (extent is SegmentExtent segment) await ReadAsync(manifest.Partition, segment, cancellationToken);
            else Find(manifest, (WalExtent)extent);
            end = Offset.Max(end, extent.LastOffset + 1);
        }

        // Frames of the owner's session that the next open will add must follow too.
        if (sessions.Found.TryGetValue(manifest.Owner, out var owner)) FindHole(manifest.Partition, owner, (end, end), long.MaxValue);
        if (!sessions.IsKnown(manifest.Owner)) Add(BlobNames.SessionOf(manifest.Owner), -1, $"The record is missing of the session that owns partition {manifest.Partition}.");
        if (manifest.Snapshot is { } snapshot && await SnapshotCheck.FindFaultAsync(objects, snapshot, cancellationToken) is { } fault)
            Add(snapshot.Name, 0, $"The snapshot of partition {manifest.Partition} is wrong: {fault}.");
        return [.. _findings];
    }

    private void Find(Manifest manifest, WalExtent wal)
    {
        if (sessions.Found.TryGetValue(wal.Session, out var session)) FindHole(manifest.Partition, session, (Offset.Max(wal.BaseOffset, manifest.LogStart), wal.BaseOffset), wal.LastOffset.Value);
        else Add(BlobNames.ManifestOf(manifest.Partition), -1, $"Partition {manifest.Partition}: offsets {wal.BaseOffset} to {wal.LastOffset} stand in session {wal.Session}, which is closed or unknown.");
    }

    // Where a block could not be read, that was told already.
    private void FindHole(PartitionId partition, SurveyedSession session, (Offset From, Offset First) range, long last)
    {
        if (!session.IsWhole) return;
        var at = range.From;
        foreach (var frames in session.FramesOf(partition))
        {
            if (frames.LastOffset < at || frames.LastOffset < range.First || frames.BaseOffset.Value > last) continue;
            if (frames.BaseOffset > at) Add(BlobNames.BlocksOf(session.Record.Session), -1, $"Partition {partition}: offsets {at} to {frames.BaseOffset.Value - 1} are missing in session {session.Record.Session}.");
            at = frames.LastOffset + 1;
        }

        if (last != long.MaxValue && at.Value <= last) Add(BlobNames.BlocksOf(session.Record.Session), -1, $"Partition {partition}: offsets {at} to {last} are missing in session {session.Record.Session}.");
    }

    // Reading verifies: footer against manifest, each run's lines against the footer, each frame against its line.
    private async ValueTask ReadAsync(PartitionId partition, SegmentExtent segment, CancellationToken cancellationToken)
    {
        if (await objects.LengthAsync(segment.Name, cancellationToken) < 0)
        {
            Add(segment.Name, -1, $"The segment with offsets {segment.BaseOffset} to {segment.LastOffset} of partition {partition} is missing.");
            return;
        }

        try
        {
            using var frames = new FrameList();
            for (var at = segment.BaseOffset; at <= segment.LastOffset;)
            {
                frames.Dispose();
                await segments.ReadAsync(partition, segment, at, StepBytes, frames, cancellationToken);
                if (frames.Count == 0)
                {
                    Add(segment.Name, -1, $"Partition {partition}: nothing is found at offset {at}; the segment should go to offset {segment.LastOffset}.");
                    return;
                }

                at = frames[frames.Count - 1].Entry.LastOffset + 1;
            }
        }
        catch (CorruptBlockException damage)
        {
            Add(segment.Name, damage.Position, damage.Detail);
        }
        catch (MissingObjectException)
        {
            Add(segment.Name, -1, $"The segment with offsets {segment.BaseOffset} to {segment.LastOffset} of partition {partition} went while it was read.");
        }
    }

    private void Add(string name, long position, string what) => _findings.Add(new Finding(name, position, what));
}
