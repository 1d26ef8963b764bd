using OrleansStream.Log.AzureBlobs.Manifests;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Manifests;
using OrleansStream.Model.Ids;
using OrleansStream.Simulation.Schedules;
using OrleansStream.Testing.Blobs;

namespace OrleansStream.Simulation.Clusters;

/// <summary>Every manifest that ever stood, as it came to stand: who claimed which epoch, and that none takes back what one before it said.</summary>
internal sealed class ManifestHistory(SimulatedBlobs blobs)
{
    private readonly BlobManifestStore _store = new(blobs, clusterGeneration: 0);
    private readonly Dictionary<PartitionId, Manifest> _newest = [];
    private readonly Dictionary<(PartitionId Partition, int Epoch), SessionId> _claims = [];

    public Manifest? Newest(PartitionId partition) => _newest.GetValueOrDefault(partition);

    /// <summary>A put of a manifest came to stand.</summary>
    public Manifest OnWritten(PartitionId partition)
    {
        var next = _store.GetAsync(partition, CancellationToken.None).AsTask().GetAwaiter().GetResult()!.Manifest;
        if (_newest.TryGetValue(partition, out var before))
        {
            Check(before, next);
            if (!next.Deleted && next.ExtentsEnd < before.ExtentsEnd) CheckCarried(next, before.ExtentsEnd);
        }

        _newest[partition] = next;
        _claims.TryAdd((partition, next.Epoch.Value), next.Owner);
        return next;
    }

    /// <summary>Nobody serves without a manifest write of his own that is known to stand (rules M2 and O5).</summary>
    public void CheckServed(PartitionId partition, LeaderEpoch epoch, SessionId session)
    {
        if (!_claims.TryGetValue((partition, epoch.Value), out var owner) || owner != session)
            throw new ViolationException($"{partition}: session {session} serves in epoch {epoch}, which is {(owner == default ? "nobody's" : $"that of {owner}")}");
    }

    // Rule S4: what a manifest no longer has of dead sessions stands in blocks of the owner's by then.
    private void CheckCarried(Manifest manifest, Offset end)
    {
        var frames = new List<(Offset First, Offset Last)>();
        foreach (var name in blobs.Names.Where(name => name.StartsWith("w/", StringComparison.Ordinal) && name.Contains(manifest.Owner.ToString(), StringComparison.Ordinal)))
        {
            if (!BlockCodec.TryReadDirectory(blobs[name], out _, out var directory, out _)) continue; // A fence.
            foreach (ref readonly var frame in directory)
            {
                if (frame.Partition == manifest.Partition) frames.Add((frame.BaseOffset, frame.LastOffset));
            }
        }

        var at = manifest.ExtentsEnd;
        foreach (var (first, last) in frames.OrderBy(static frame => frame.First))
        {
            if (first <= at && last >= at) at = last + 1;
        }

        if (at < end) throw new ViolationException($"{manifest.Partition}: offsets {at} to {end.Value - 1} left the manifest in epoch {manifest.Epoch}, and stand in no block of session {manifest.Owner}");
    }

    private static void Check(Manifest before, Manifest next)
    {
        if (before.Deleted && !next.Deleted) throw new ViolationException($"{next.Partition}: a manifest took the place of a tombstone");
        if (next.Epoch < before.Epoch) throw new ViolationException($"{next.Partition}: epoch {next.Epoch} was written after epoch {before.Epoch}");
        if (next.Epoch == before.Epoch && next.Owner != before.Owner) throw new ViolationException($"{next.Partition}: epoch {next.Epoch} went from {before.Owner} to {next.Owner}");
        if (next.LogStart < before.LogStart) throw new ViolationException($"{next.Partition}: log start {next.LogStart} was written after {before.LogStart}");

        // What was appended again leaves the extents of dead sessions: it is in the owner's lane then.
        var isCarried = next.Epoch == before.Epoch && before.Extents.Where(extent => extent.BaseOffset >= next.ExtentsEnd).All(static extent => extent is WalExtent);
        if (!next.Deleted && !isCarried && next.ExtentsEnd < before.ExtentsEnd) throw new ViolationException($"{next.Partition}: extents end at {next.ExtentsEnd} in epoch {next.Epoch}, after they ended at {before.ExtentsEnd} in epoch {before.Epoch}");
        for (var i = 1; i < next.Extents.Length; i++)
        {
            if (next.Extents[i].BaseOffset != next.Extents[i - 1].LastOffset + 1) throw new ViolationException($"{next.Partition}: offset {next.Extents[i].BaseOffset} follows {next.Extents[i - 1].LastOffset} in the extents of epoch {next.Epoch}");
        }
    }
}
