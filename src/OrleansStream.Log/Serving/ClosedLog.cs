using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Serving;

/// <summary>What can be said of a log without opening it.</summary>
public static class ClosedLog
{
    /// <summary>Stored bytes of the partition's log; 0 if it was never opened or is deleted.</summary>
    /// <param name="partition">Which, open or not.</param>
    /// <param name="parts">Those of the opener that would open it.</param>
    /// <param name="cancellationToken">Ends reads.</param>
    /// <exception cref="LogException">What a dead session left cannot be read now.</exception>
    public static async ValueTask<long> SizeAsync(PartitionId partition, PartitionOpenerParts parts, CancellationToken cancellationToken)
    {
        if ((await parts.Manifests.GetAsync(partition, cancellationToken))?.Manifest is not { Deleted: false } manifest) return 0;

        var lane = parts.CurrentLane();

        // What a broker that lives holds above the extents is known to it alone: nobody ends its session to count bytes.
        if (manifest.Owner != lane.Session && (parts.Owners is null || parts.HasEnded(manifest.Owner)))
        {
            var frames = await parts.Recovered.FramesOfAsync(manifest.Owner, partition, cancellationToken);
            manifest = manifest with { Extents = PartitionInheritance.WithFrames(manifest, frames) };
        }

        return Size(manifest, lane);
    }

    /// <summary>The extents of the manifest, and what this session holds above them.</summary>
    internal static long Size(Manifest manifest, ILane lane)
    {
        long bytes = 0;
        foreach (var extent in manifest.Extents) bytes += extent.Bytes;
        var own = new List<WalExtent>();
        lane.Index.CopyTo(manifest.Partition, manifest.ExtentsEnd, own);
        foreach (var extent in own)
        {
            // An entry of the index stands for a run of frames, of which a segment may cover the first ones.
            var counted = extent.LastOffset - Offset.Max(extent.BaseOffset, manifest.ExtentsEnd) + 1;
            bytes += (long)(extent.Bytes * ((double)counted / (extent.LastOffset - extent.BaseOffset + 1)));
        }

        return bytes;
    }
}
