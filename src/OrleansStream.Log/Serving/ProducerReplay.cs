using OrleansStream.Log.Blocks;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Ownership;
using OrleansStream.Log.Producers;
using OrleansStream.Model;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Records;

namespace OrleansStream.Log.Serving;

/// <summary>Rebuilds the producers of a partition that is being opened: from its snapshot, and from the headers of the batches above it.</summary>
internal sealed class ProducerReplay(PartitionOpenerParts parts)
{
    private const int StepBytes = Limits.MiB;

    // Extents that are asked for before their turn where that saves time: there is one for each 64 KiB of a session. So an open holds two steps at the most.
    private const int MaxReads = 32;
    private const int MaxAheadBytes = StepBytes;

    private const int MaxSnapshotBytes = 64 * Limits.MiB;

    /// <summary>Null for a journal, and for a log that never had a record.</summary>
    public async ValueTask<ReplayedProducers?> LoadAsync((Manifest Manifest, Offset End) log, ILane lane, WarmProducers? warm, CancellationToken cancellationToken)
    {
        var (manifest, logEnd) = log;
        if (logEnd <= manifest.LogStart && manifest.Snapshot is null) return null;

        if (warm is not null && warm.IsOf(manifest, lane)) return await GoOnAsync(warm, manifest, lane, cancellationToken);
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
        extents.RemoveAll(extent => extent.LastOffset < states.CoveredEnd);
        return await ReplayAsync(states, extents, (manifest.Partition, lane), cancellationToken)
            ? new ReplayedProducers(states, extents.Sum(static extent => extent.Bytes))
            : null;
    }

    /// <summary>
    /// Takes from the owner, or reads, what can be known before it lets go, so that the open has only what comes behind it. Null for a journal, and where nothing could be read: the open
    /// reads it then, and says what is wrong.
    /// </summary>
    /// <param name="begins">What the owner made ready.</param>
    /// <param name="served">What the owner says of its producers; null if it says nothing.</param>
    /// <param name="lane">The claimant's: what its session holds itself comes behind everything.</param>
    /// <param name="cancellationToken">Ends a read.</param>
    public async ValueTask<WarmProducers?> WarmAsync(ReleasedLog begins, ServedProducers? served, ILane lane, CancellationToken cancellationToken)
    {
        var manifest = begins.Stored.Manifest with { Extents = begins.Extents };
        var states = new ProducerStates(parts.Producers);
        if (served is not null && states.TryApply(served.Image, out _) && states.CoveredEnd >= manifest.ExtentsEnd) return new WarmProducers(states, manifest, lane.Session, served.Bytes);

        states = new ProducerStates(parts.Producers);
        try
        {
            if (manifest.Snapshot is { } snapshot && (snapshot.CoversTo > manifest.ExtentsEnd || !await ApplySnapshotAsync(states, snapshot, cancellationToken))) return null;

            var extents = new List<Extent>(manifest.Extents);
            extents.RemoveAll(extent => extent.LastOffset < states.CoveredEnd);
            return await ReplayAsync(states, extents, (manifest.Partition, lane), cancellationToken)
                ? new WarmProducers(states, manifest, lane.Session, extents.Sum(static extent => extent.Bytes))
                : null;
        }
        catch (LogException)
        {
            return null;
        }
    }

    private async ValueTask<ReplayedProducers?> GoOnAsync(WarmProducers warm, Manifest manifest, ILane lane, CancellationToken cancellationToken)
    {
        var extents = new List<Extent>(manifest.Extents[warm.Manifest.Extents.Length..]);
        var own = new List<WalExtent>();
        lane.Index.CopyTo(manifest.Partition, manifest.ExtentsEnd, own);
        extents.AddRange(own);
        extents.RemoveAll(extent => extent.LastOffset < warm.States.CoveredEnd);
        return await ReplayAsync(warm.States, extents, (manifest.Partition, lane), cancellationToken)
            ? new ReplayedProducers(warm.States, warm.Bytes + extents.Sum(static extent => extent.Bytes))
            : null;
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

    // Whoever cut the segment, or recovered the session that the extent is in, has seen all of its frames. Null: nothing was kept.
    private ValueTask<ProducerDelta?> GatheredAsync(PartitionId partition, Extent extent, ILane lane, CancellationToken cancellationToken) => extent switch
    {
        WalExtent wal when wal.Session != lane.Session => parts.Recovered.ProducersOfAsync(wal.Session, partition, cancellationToken),
        SegmentExtent => (parts.Extents ?? parts.Serving.Extents).ProducersOfAsync(partition, extent, cancellationToken),
        _ => ValueTask.FromResult<ProducerDelta?>(null),
    };

    // False if these are no record batches: so the first extent alone decides whether others are asked for.
    private async ValueTask<bool> ReplayAsync(ProducerStates states, List<Extent> extents, (PartitionId Partition, ILane Lane) of, CancellationToken cancellationToken)
    {
        var reads = new Queue<ReplayRead>();
        var (next, ahead) = (0, 0L);
        try
        {
            for (var replayed = 0; replayed < extents.Count; replayed++)
            {
                var most = replayed > 0 && parts.Extents is not null ? MaxReads : 1;
                for (; next < extents.Count && reads.Count < most && (reads.Count == 0 || ahead + StepOf(extents[next]) <= MaxAheadBytes); next++)
                {
                    reads.Enqueue(await BeginAsync(states, extents[next], of, cancellationToken));
                    ahead += StepOf(extents[next]);
                }

                using var read = reads.Dequeue();
                ahead -= StepOf(read.Extent);
                if (!await ReplayAsync(states, of.Partition, read, cancellationToken)) return false;
            }

            return true;
        }
        finally
        {
            foreach (var left in reads) await left.EndAsync();
        }
    }

    private static long StepOf(Extent extent) => Math.Min(extent.Bytes, StepBytes);

    private async ValueTask<ReplayRead> BeginAsync(ProducerStates states, Extent extent, (PartitionId Partition, ILane Lane) of, CancellationToken cancellationToken)
    {
        var frames = new FrameList();
        var gathered = await GatheredAsync(of.Partition, extent, of.Lane, cancellationToken);
        var reading = gathered is null ? ReadAsync(of.Partition, extent, Offset.Max(extent.BaseOffset, states.CoveredEnd), frames, cancellationToken) : Task.CompletedTask;
        return new ReplayRead(extent, frames, reading, gathered);
    }

    private async Task ReadAsync(PartitionId partition, Extent extent, Offset at, FrameList into, CancellationToken cancellationToken)
    {
        await (parts.Extents ?? parts.Serving.Extents).ReadAsync(partition, extent, at, StepBytes, into, cancellationToken);
        if (into.Count == 0) throw new LogException($"Partition {partition}: nothing was found at offset {at}, which the manifest or the lane index says is stored.");
    }

    // What was read of the extent, and then the rest of it, step by step.
    private async ValueTask<bool> ReplayAsync(ProducerStates states, PartitionId partition, ReplayRead read, CancellationToken cancellationToken)
    {
        var nowMs = parts.Time.GetUtcNow().ToUnixTimeMilliseconds();
        if (read.Gathered is { } gathered)
        {
            states.Apply(gathered, read.Extent.LastOffset + 1, nowMs);
            return true;
        }

        var frames = read.Frames;
        for (var reading = read.Reading; ;)
        {
            await reading;
            for (var i = 0; i < frames.Count; i++)
            {
                if (frames[i].Entry.Kind != FrameKind.Records) return false;
                if (RecordBatchHeader.TryRead(frames[i].Bytes.Span, out var header)) states.Replay(header, nowMs);
            }

            var at = frames[frames.Count - 1].Entry.LastOffset + 1;
            if (at > read.Extent.LastOffset) return true;
            frames.Dispose();
            reading = ReadAsync(partition, read.Extent, at, frames, cancellationToken);
        }
    }

    /// <summary>An extent whose turn comes.</summary>
    /// <param name="Extent">Which.</param>
    /// <param name="Frames">The first step of it, once it is read.</param>
    /// <param name="Reading">Reads that step.</param>
    /// <param name="Gathered">What is known of its producers without reading it.</param>
    private sealed record ReplayRead(Extent Extent, FrameList Frames, Task Reading, ProducerDelta? Gathered) : IDisposable
    {
        public void Dispose() => Frames.Dispose();

        /// <summary>Its turn does not come any more; what it reads is given back once it is there.</summary>
        public async ValueTask EndAsync()
        {
            try
            {
                await Reading;
            }
            catch (Exception failed) when (failed is LogException or OperationCanceledException)
            {
                // The open has failed for the same reason, or an earlier one.
            }

            Frames.Dispose();
        }
    }
}

/// <summary>Producers as an open found them.</summary>
/// <param name="States">Up to the end of the log.</param>
/// <param name="Bytes">How much of the log was read for them.</param>
internal readonly record struct ReplayedProducers(ProducerStates States, long Bytes);
