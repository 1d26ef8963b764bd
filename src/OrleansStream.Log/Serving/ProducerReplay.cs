using OrleansStream.Log.Blocks;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Producers;
using OrleansStream.Model;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Records;

namespace OrleansStream.Log.Serving;

/// <summary>Rebuilds the producers of a partition that is being opened: from its snapshot, and from the headers of the batches above it.</summary>
internal sealed class ProducerReplay(PartitionOpenerParts parts)
{
    private const int StepBytes = Limits.MiB;
    private const int MaxSnapshotBytes = 64 * Limits.MiB;

    /// <summary>Null for a log without a record.</summary>
    public async ValueTask<ProducerStates?> LoadAsync(Manifest manifest, ILane lane, Offset logEnd, CancellationToken cancellationToken)
    {
        if (logEnd <= manifest.LogStart) return null;

        var states = new ProducerStates(parts.Producers);
        if (manifest.Snapshot is { } snapshot) await ApplySnapshotAsync(states, snapshot, cancellationToken);
        var extents = new List<Extent>(manifest.Extents);
        var own = new List<WalExtent>();
        lane.Index.CopyTo(manifest.Partition, manifest.ExtentsEnd, own);
        extents.AddRange(own);

        // Oldest first, but only the last ones of a log without a snapshot.
        var first = extents.Count;
        for (var bytes = 0L; first > 0 && bytes < parts.ProducerReplayBytes && extents[first - 1].LastOffset >= states.CoveredEnd; first--) bytes += extents[first - 1].Bytes;
        foreach (var extent in extents.Skip(first))
        {
            if (!await ReplayAsync(states, manifest.Partition, extent, cancellationToken)) return null;
        }

        return states;
    }

    // Journal partitions keep state of their own in their snapshot, and have no producers.
    private async ValueTask ApplySnapshotAsync(ProducerStates states, SnapshotReference snapshot, CancellationToken cancellationToken)
    {
        var length = await parts.Objects.LengthAsync(snapshot.Name, cancellationToken);
        if (length is < 0 or > MaxSnapshotBytes) throw new LogException($"The snapshot '{snapshot.Name}' is missing or too large ({length} bytes).");
        var content = new byte[length];
        var read = await parts.Objects.ReadAsync(snapshot.Name, 0, content, cancellationToken);

        // Another kind of snapshot, or a damaged one: the log's batches above it are what remains.
        states.TryApply(content.AsSpan(0, Math.Max(0, read)), out _);
    }

    // False if these are no record batches.
    private async ValueTask<bool> ReplayAsync(ProducerStates states, PartitionId partition, Extent extent, CancellationToken cancellationToken)
    {
        var nowMs = parts.Time.GetUtcNow().ToUnixTimeMilliseconds();
        using var frames = new FrameList();
        for (var at = Offset.Max(extent.BaseOffset, states.CoveredEnd); at <= extent.LastOffset;)
        {
            frames.Dispose();
            await parts.Serving.Extents.ReadAsync(partition, extent, at, StepBytes, frames, cancellationToken);
            if (frames.Count == 0) throw new LogException($"Partition {partition}: nothing was found at offset {at}, which the manifest or the lane index says is stored.");
            for (var i = 0; i < frames.Count; i++)
            {
                if (frames[i].Entry.Kind != FrameKind.Records) return false;
                if (RecordBatchHeader.TryRead(frames[i].Bytes.Span, out var header)) states.Replay(header, nowMs);
            }

            at = frames[frames.Count - 1].Entry.LastOffset + 1;
        }

        return true;
    }
}
