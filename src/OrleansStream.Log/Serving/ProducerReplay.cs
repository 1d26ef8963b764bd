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

    /// <summary>Null for a journal, and for a log that never had a record.</summary>
    public async ValueTask<ReplayedProducers?> LoadAsync(Manifest manifest, ILane lane, Offset logEnd, CancellationToken cancellationToken)
    {
        if (logEnd <= manifest.LogStart && manifest.Snapshot is null) return null;

        var states = new ProducerStates(parts.Producers);

        // With relaxed sync a power cut may take records that a snapshot knows. Then it speaks of a log that does not exist.
        var hasSnapshot = manifest.Snapshot is { } snapshot && snapshot.CoversTo <= logEnd;
        if (hasSnapshot && !await ApplySnapshotAsync(states, manifest.Snapshot!, cancellationToken)) return null;

        var extents = new List<Extent>(manifest.Extents);
        var own = new List<WalExtent>();
        lane.Index.CopyTo(manifest.Partition, manifest.ExtentsEnd, own);
        extents.AddRange(own);

        // All of it, however much that is: a producer that was idle may have its last batch anywhere above the snapshot. How much that can be is up to
        // whoever writes snapshots.
        var bytes = 0L;
        foreach (var extent in extents)
        {
            if (extent.LastOffset < states.CoveredEnd) continue;
            if (await GatheredAsync(manifest.Partition, extent, lane, cancellationToken) is { } gathered) states.Apply(gathered, extent.LastOffset + 1, parts.Time.GetUtcNow().ToUnixTimeMilliseconds());
            else if (!await ReplayAsync(states, manifest.Partition, extent, cancellationToken)) return null;
            bytes += extent.Bytes;
        }

        return new ReplayedProducers(states, bytes);
    }

    // False if it is a journal's: that has no producers.
    private async ValueTask<bool> ApplySnapshotAsync(ProducerStates states, SnapshotReference snapshot, CancellationToken cancellationToken)
    {
        var start = new byte[sizeof(uint)];
        if (await parts.Objects.ReadAsync(snapshot.Name, 0, start, cancellationToken) < 0) throw new LogException($"The snapshot '{snapshot.Name}' is missing.");
        if (!ProducerSnapshot.IsOne(start)) return false;

        var length = await parts.Objects.LengthAsync(snapshot.Name, cancellationToken);
        if (length is < 0 or > MaxSnapshotBytes) throw new LogException($"The snapshot '{snapshot.Name}' is missing or too large ({length} bytes).");
        var content = new byte[length];
        var read = await parts.Objects.ReadAsync(snapshot.Name, 0, content, cancellationToken);

        // A damaged one: what the log still holds is what remains.
        states.TryApply(content.AsSpan(0, Math.Max(0, read)), out _);
        return true;
    }

    // Whoever recovered the session that the extent is in has seen all of its frames, and those of other partitions with them. Null: nothing was kept.
    private ValueTask<ProducerDelta?> GatheredAsync(PartitionId partition, Extent extent, ILane lane, CancellationToken cancellationToken) =>
        extent is WalExtent wal && wal.Session != lane.Session ? parts.Recovered.ProducersOfAsync(wal.Session, partition, cancellationToken) : ValueTask.FromResult<ProducerDelta?>(null);

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

/// <summary>Producers as an open found them.</summary>
/// <param name="States">Up to the end of the log.</param>
/// <param name="Bytes">How much of the log was read for them.</param>
internal readonly record struct ReplayedProducers(ProducerStates States, long Bytes);
