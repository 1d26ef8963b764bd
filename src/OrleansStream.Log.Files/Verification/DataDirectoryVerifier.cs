using OrleansStream.Log.Verification;
using OrleansStream.Log.Files.Directories;
using OrleansStream.Log.Files.Metadata;
using OrleansStream.Log.Files.Objects;
using OrleansStream.Log.Files.Recovery;
using OrleansStream.Log.Files.Wal;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Retention;
using OrleansStream.Log.Segments;
using OrleansStream.Log.Storage;
using OrleansStream.Model;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Files.Verification;

/// <summary>
/// Reads a whole data directory that no broker uses, and says what in it is damaged or missing: identity, metadata journal, every block of every WAL file
/// that is needed with its footer, every byte of every segment and snapshot, and whether each partition's extents follow each other and find their bytes. Never writes.
/// </summary>
/// <param name="disk">The directory; only reading calls are made.</param>
/// <param name="scheduler">Where files are read; bounds how many at once.</param>
public sealed class DataDirectoryVerifier(IDisk disk, TaskScheduler scheduler)
{
    private const int SegmentStepBytes = 4 * Limits.MiB;

    private readonly List<Finding> _findings = [];

    /// <summary>All findings; none if the directory is whole. A torn tail that was never acknowledged is none.</summary>
    /// <exception cref="DiskException">The disk failed: nothing is known of what was not read.</exception>
    public async Task<IReadOnlyList<Finding>> VerifyAsync(CancellationToken cancellationToken)
    {
        _findings.Clear();
        if (!HasIdentity() || ReadJournal() is not { } journal) return _findings;

        var sessions = await VerifySessionsAsync(journal, cancellationToken);
        foreach (var manifest in journal.Manifests.OrderBy(manifest => manifest.Partition)) VerifyManifest(manifest, journal, sessions);
        await VerifySnapshotsAsync(journal.Manifests, sessions, cancellationToken);
        await VerifySegmentsAsync(journal.Manifests, cancellationToken);
        return _findings;
    }

    private bool HasIdentity()
    {
        try
        {
            if (DataDirectory.ReadIdentity(disk, ".") is not null) return true;
            Add(DataDirectoryIdentity.FileName, -1, "The identity file is missing: this is no data directory, or one that was never completed.");
        }
        catch (DataDirectoryException error)
        {
            Add(DataDirectoryIdentity.FileName, 0, error.Message);
        }

        return false;
    }

    private JournalContents? ReadJournal()
    {
        try
        {
            return MetadataJournal.ReadContents(disk) ?? new JournalContents(DataDirectory.MetadataDirectory, [], []);
        }
        catch (CorruptBlockException error)
        {
            Add(error.Location, error.Position, error.Detail);
            return null;
        }
    }

    private async Task<Dictionary<SessionId, RecoveredSession>> VerifySessionsAsync(JournalContents journal, CancellationToken cancellationToken)
    {
        var files = WalDirectory.FilesBySession(disk);
        var sessions = new Dictionary<SessionId, RecoveredSession>();
        foreach (var record in journal.Sessions)
        {
            cancellationToken.ThrowIfCancellationRequested();
            files.Remove(record.Session, out var numbers);

            // What is left of a closed session is needed by nobody, and deleted at the next start.
            if (record.State == SessionState.Closed) continue;
            try
            {
                var scan = new SessionScan(disk, record, numbers ?? [], scheduler) { VerifiesAll = true, Manifests = () => Task.FromResult<IReadOnlyCollection<Manifest>>(journal.Manifests) };
                sessions[record.Session] = await scan.ReadAsync();
            }
            catch (CorruptBlockException error)
            {
                Add(error.Location, error.Position, error.Detail);
                continue;
            }

            await VerifyFootersAsync(sessions[record.Session]);
        }

        foreach (var (session, numbers) in files)
        {
            foreach (var number in numbers) Add(WalNames.PathOf(session, number), -1, $"There is no record of session {session}.");
        }

        return sessions;
    }

    private async Task VerifyFootersAsync(RecoveredSession session)
    {
        foreach (var file in session.Files)
        {
            var difference = await Task.Factory.StartNew(() => FooterComparison.FindDifference(disk, file.Session, file.Number), CancellationToken.None, TaskCreationOptions.DenyChildAttach, scheduler);
            if (difference is not null) Add(file.Path, file.EndPosition, $"The file's footer is wrong: {difference}.");
        }
    }

    private async Task VerifySnapshotsAsync(IReadOnlyList<Manifest> manifests, Dictionary<SessionId, RecoveredSession> sessions, CancellationToken cancellationToken)
    {
        var objects = FileObjectStore.OpenToRead(disk, scheduler);
        foreach (var manifest in manifests.Where(manifest => !manifest.Deleted).OrderBy(manifest => manifest.Partition))
        {
            if (manifest.Snapshot is not { } snapshot || !disk.FileExists(ObjectNames.PathOf(snapshot.Name))) continue;
            var path = ObjectNames.PathOf(snapshot.Name);
            if (await SnapshotCheck.FindFaultAsync(objects, snapshot, cancellationToken) is { } fault) Add(path, 0, $"The snapshot of partition {manifest.Partition} is wrong: {fault}.");
            if (LogEndOf(manifest, sessions) is { } end && snapshot.CoversTo > end)
                Add(path, -1, $"The snapshot of partition {manifest.Partition} covers up to offset {snapshot.CoversTo}, but its log ends at {end}.");
        }
    }

    // Null: the session that may go on with the log is damaged, so that nothing is known.
    private static Offset? LogEndOf(Manifest manifest, Dictionary<SessionId, RecoveredSession> sessions)
    {
        if (!sessions.TryGetValue(manifest.Owner, out var owner)) return null;
        var frames = owner.FramesOf(manifest.Partition);
        return frames.Count == 0 ? manifest.ExtentsEnd : Offset.Max(manifest.ExtentsEnd, frames[^1].LastOffset + 1);
    }

    private void VerifyManifest(Manifest manifest, JournalContents journal, Dictionary<SessionId, RecoveredSession> sessions)
    {
        if (manifest.Deleted) return;
        var end = manifest.LogStart;
        foreach (var extent in manifest.Extents)
        {
            if (extent.BaseOffset > end) Add(journal.Path, -1, $"Partition {manifest.Partition}: offsets {end} to {extent.BaseOffset.Value - 1} are in no extent.");
            if (extent.LastOffset < extent.BaseOffset || extent.LastOffset < end && extent != manifest.Extents[0])
                Add(journal.Path, -1, $"Partition {manifest.Partition}: the extent of offsets {extent.BaseOffset} to {extent.LastOffset} does not follow offset {end}.");
            VerifyExtent(manifest, extent, journal, sessions);
            end = Offset.Max(end, extent.LastOffset + 1);
        }

        // Frames of the owner's session that the next open will add must follow too.
        if (sessions.TryGetValue(manifest.Owner, out var owner)) FindHole(manifest, end, owner, end, long.MaxValue);
        if (manifest.Snapshot is { } snapshot && !disk.FileExists(ObjectNames.PathOf(snapshot.Name))) Add(ObjectNames.PathOf(snapshot.Name), -1, $"The snapshot of partition {manifest.Partition} is missing.");
    }

    private async Task VerifySegmentsAsync(IReadOnlyList<Manifest> manifests, CancellationToken cancellationToken)
    {
        using var slabs = new SlabPool(SegmentStepBytes);
        var reader = new SegmentReader(FileObjectStore.OpenToRead(disk, scheduler), slabs, new SegmentOptions { MaxReadBytes = SegmentStepBytes });
        foreach (var manifest in manifests.Where(manifest => !manifest.Deleted).OrderBy(manifest => manifest.Partition))
        {
            foreach (var segment in manifest.Extents.OfType<SegmentExtent>())
            {
                if (disk.FileExists(ObjectNames.PathOf(segment.Name))) await VerifySegmentAsync(reader, manifest.Partition, segment, cancellationToken);
            }
        }
    }

    // Reading verifies: footer against manifest, each run's lines against the footer, each frame against its line.
    private async Task VerifySegmentAsync(SegmentReader reader, PartitionId partition, SegmentExtent segment, CancellationToken cancellationToken)
    {
        var path = ObjectNames.PathOf(segment.Name);
        try
        {
            using var frames = new FrameList();
            for (var at = segment.BaseOffset; at <= segment.LastOffset;)
            {
                frames.Dispose();
                await reader.ReadAsync(partition, segment, at, SegmentStepBytes, frames, cancellationToken);
                if (frames.Count == 0)
                {
                    Add(path, -1, $"Partition {partition}: nothing is found at offset {at}; the segment should go to offset {segment.LastOffset}.");
                    return;
                }

                at = frames[frames.Count - 1].Entry.LastOffset + 1;
            }
        }
        catch (CorruptBlockException error)
        {
            Add(path, error.Position, error.Detail);
        }
    }

    private void VerifyExtent(Manifest manifest, Extent extent, JournalContents journal, Dictionary<SessionId, RecoveredSession> sessions)
    {
        switch (extent)
        {
            case SegmentExtent segment when !disk.FileExists(ObjectNames.PathOf(segment.Name)):
                Add(ObjectNames.PathOf(segment.Name), -1, $"The segment with offsets {segment.BaseOffset} to {segment.LastOffset} of partition {manifest.Partition} is missing.");
                break;
            case WalExtent wal when sessions.TryGetValue(wal.Session, out var session):
                FindHole(manifest, Offset.Max(wal.BaseOffset, manifest.LogStart), session, wal.BaseOffset, wal.LastOffset.Value);
                break;
            case WalExtent wal when !journal.Sessions.Any(record => record.Session == wal.Session && record.State != SessionState.Closed):
                Add(journal.Path, -1, $"Partition {manifest.Partition}: offsets {wal.BaseOffset} to {wal.LastOffset} stand in session {wal.Session}, which is closed or unknown.");
                break;
        }
    }

    // Goes through what the session has of the partition in this range, and reports where something is missing.
    private void FindHole(Manifest manifest, Offset from, RecoveredSession session, Offset first, long last)
    {
        var at = from;
        foreach (var frames in session.FramesOf(manifest.Partition))
        {
            if (frames.LastOffset < at || frames.LastOffset < first || frames.BaseOffset.Value > last) continue;
            if (frames.BaseOffset > at)
                Add(DataDirectory.WalDirectory, -1, $"Partition {manifest.Partition}: offsets {at} to {frames.BaseOffset.Value - 1} are missing in session {session.Session}.");
            at = frames.LastOffset + 1;
        }

        if (last != long.MaxValue && at.Value <= last)
            Add(DataDirectory.WalDirectory, -1, $"Partition {manifest.Partition}: offsets {at} to {last} are missing in session {session.Session}.");
    }

    private void Add(string file, long position, string what) => _findings.Add(new Finding(file, position, what));
}
