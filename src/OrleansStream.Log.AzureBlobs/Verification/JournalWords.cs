using OrleansStream.Log.Blocks;
using OrleansStream.Log.Journals;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Segments;
using OrleansStream.Log.Storage;
using OrleansStream.Model;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Verification;

/// <summary>
/// Hands a journal's state what can be read of it, damaged or not: good enough for words about what was found, such as names of topics, and never for a broker,
/// which reads everything or nothing.
/// </summary>
internal sealed class JournalWords(IObjectStore objects, SegmentReader segments)
{
    /// <returns>False if something of it could not be read.</returns>
    public async ValueTask<bool> ReplayAsync(Manifest manifest, IEnumerable<SurveyedSession> sessions, IJournalState state, CancellationToken cancellationToken)
    {
        var frames = new List<(FrameEntry Entry, byte[] Bytes)>();
        var at = manifest.LogStart;
        try
        {
            if (manifest.Snapshot is { } snapshot)
            {
                await JournalReplay.RestoreAsync(objects, snapshot, state, cancellationToken);
                at = snapshot.CoversTo;
            }

            foreach (var segment in manifest.Extents.OfType<SegmentExtent>()) await AddAsync(manifest.Partition, segment, frames, cancellationToken);
            frames.AddRange(sessions.SelectMany(static session => session.Kept));
            foreach (var (entry, bytes) in frames.OrderBy(static frame => frame.Entry.BaseOffset).ThenByDescending(static frame => frame.Entry.Epoch))
            {
                if (entry.LastOffset < at) continue;
                JournalReplay.Apply(entry, bytes, at, state);
                at = entry.LastOffset + 1;
            }

            return true;
        }
        catch (LogException unreadable) when (unreadable is not StorageException)
        {
            // A finding says so; topics that were created later keep their ids.
            return false;
        }
    }

    private async ValueTask AddAsync(PartitionId partition, SegmentExtent segment, List<(FrameEntry Entry, byte[] Bytes)> into, CancellationToken cancellationToken)
    {
        for (var at = segment.BaseOffset; at <= segment.LastOffset;)
        {
            using var read = new FrameList();
            await segments.ReadAsync(partition, segment, at, Limits.MiB, read, cancellationToken);
            if (read.Count == 0) return;
            for (var index = 0; index < read.Count; index++) into.Add((read[index].Entry, read[index].Bytes.ToArray()));
            at = read[read.Count - 1].Entry.LastOffset + 1;
        }
    }
}
