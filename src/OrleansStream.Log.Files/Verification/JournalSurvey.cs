using OrleansStream.Log.Blocks;
using OrleansStream.Log.Files.Metadata;
using OrleansStream.Log.Files.Objects;
using OrleansStream.Log.Files.Recovery;
using OrleansStream.Log.Files.Wal;
using OrleansStream.Log.Journals;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Segments;
using OrleansStream.Log.Storage;
using OrleansStream.Model;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Records;

namespace OrleansStream.Log.Files.Verification;

/// <summary>
/// Gathers what can still be read of one journal partition in a data directory that no broker uses and that may be damaged: good enough for words about it, such
/// as names, and never for a start, which reads everything or nothing. Never writes.
/// </summary>
/// <param name="disk">The directory; only reading calls are made.</param>
/// <param name="scheduler">Where files are read.</param>
public sealed class JournalSurvey(IDisk disk, TaskScheduler scheduler)
{
    private const int StepBytes = 4 * Limits.MiB;

    /// <summary>Hands the state its snapshot, and every change behind it that can be read, in their order.</summary>
    /// <returns>False if something between them was found missing or unreadable. What is missing behind the last one that is there cannot be told.</returns>
    public async Task<bool> ReadAsync(PartitionId partition, IJournalState state, CancellationToken cancellationToken)
    {
        try
        {
            return MetadataJournal.ReadContents(disk) is { } contents && await ReplayAsync(contents, partition, state, cancellationToken);
        }
        catch (LogException)
        {
            return false;
        }
    }

    private async Task<bool> ReplayAsync(JournalContents contents, PartitionId partition, IJournalState state, CancellationToken cancellationToken)
    {
        var manifest = contents.Manifests.FirstOrDefault(manifest => manifest.Partition == partition);
        var (at, isWhole) = await RestoreAsync(manifest, state, cancellationToken);
        foreach (var (entry, bytes) in await FramesAsync(contents, (partition, manifest), cancellationToken))
        {
            if (entry.LastOffset < at) continue;
            isWhole &= entry.BaseOffset <= at;
            JournalReplay.Apply(entry, bytes, at, state);
            at = entry.LastOffset + 1;
        }

        return isWhole;
    }

    private async Task<(Offset At, bool IsWhole)> RestoreAsync(Manifest? manifest, IJournalState state, CancellationToken cancellationToken)
    {
        var at = manifest?.LogStart ?? Offset.Zero;
        if (manifest?.Snapshot is not { } snapshot) return (at, true);
        try
        {
            await JournalReplay.RestoreAsync(FileObjectStore.OpenToRead(disk, scheduler), snapshot, state, cancellationToken);
            return (snapshot.CoversTo, true);
        }
        catch (LogException)
        {
            return (at, false);
        }
    }

    // Of several frames with one offset the one of the highest epoch: what was never acknowledged was written over under the next one. Of copies the last.
    private async Task<List<(FrameEntry Entry, byte[] Bytes)>> FramesAsync(JournalContents contents, (PartitionId Partition, Manifest? Manifest) of, CancellationToken cancellationToken)
    {
        var frames = new List<(FrameEntry Entry, byte[] Bytes)>();
        foreach (var segment in of.Manifest?.Extents.OfType<SegmentExtent>() ?? []) await AddAsync(segment, of.Partition, frames, cancellationToken);
        var files = WalDirectory.FilesBySession(disk);
        foreach (var record in contents.Sessions.Where(record => record.State != SessionState.Closed))
        {
            foreach (var number in files.GetValueOrDefault(record.Session) ?? [])
            {
                cancellationToken.ThrowIfCancellationRequested();
                await Task.Factory.StartNew(() => Add(record, number, of.Partition, frames), CancellationToken.None, TaskCreationOptions.DenyChildAttach, scheduler);
            }
        }

        return [.. frames.Select((frame, order) => (frame, order)).OrderBy(one => one.frame.Entry.BaseOffset).ThenByDescending(one => one.frame.Entry.Epoch).ThenByDescending(one => one.order).Select(one => one.frame)];
    }

    private async Task AddAsync(SegmentExtent segment, PartitionId partition, List<(FrameEntry Entry, byte[] Bytes)> into, CancellationToken cancellationToken)
    {
        using var slabs = new SlabPool(StepBytes);
        var reader = new SegmentReader(FileObjectStore.OpenToRead(disk, scheduler), slabs, new SegmentOptions { MaxReadBytes = StepBytes });
        try
        {
            for (var at = segment.BaseOffset; at <= segment.LastOffset;)
            {
                using var frames = new FrameList();
                await reader.ReadAsync(partition, segment, at, StepBytes, frames, cancellationToken);
                if (frames.Count == 0) return;
                for (var index = 0; index < frames.Count; index++) into.Add((frames[index].Entry, frames[index].Bytes.ToArray()));
                at = frames[frames.Count - 1].Entry.LastOffset + 1;
            }
        }
        catch (LogException)
        {
            // What is behind the damage is missing then.
        }
    }

    // Every block that verifies, whatever stands before it.
    private void Add(SessionRecord record, int number, PartitionId partition, List<(FrameEntry Entry, byte[] Bytes)> into)
    {
        var path = WalNames.PathOf(record.Session, number);
        using var file = disk.Open(path, DiskOpenMode.Read);
        if (WalFooter.TryRead(file, record.Session, number, out var footer) && !footer.Partitions.ContainsKey(partition)) return;

        var reader = new WalBlockReader(file, path, record.Session);
        for (var at = reader.NextCandidate(0); at >= 0;)
        {
            if (!reader.TryDirectory(at, out var header, out var directory, out _) || header.Slot >= record.End)
            {
                at = reader.NextCandidate(at + Limits.BlockAlignment);
                continue;
            }

            var own = new List<FrameEntry>();
            foreach (ref readonly var entry in directory)
            {
                if (entry.Partition == partition) own.Add(entry);
            }

            if (own.Count > 0) AddVerified(reader.Stored(at, header.StoredBytes), own, into);
            at = reader.NextCandidate(at + header.StoredBytes);
        }
    }

    private static void AddVerified(ReadOnlyMemory<byte> block, List<FrameEntry> entries, List<(FrameEntry Entry, byte[] Bytes)> into)
    {
        foreach (var entry in entries)
        {
            if (entry.Position + entry.Length > block.Length) continue;
            var frame = block.Slice(entry.Position, entry.Length).ToArray();
            if (Crc32C.Hash(frame) == entry.Checksum) into.Add((entry, frame));
        }
    }
}
