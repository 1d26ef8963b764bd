using OrleansStream.Log.Blocks;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Serving;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Ownership;

/// <summary>Reads what is being released from the tail cache, as far as it is there: a broker that stops lets go of thousands of partitions at once.</summary>
/// <param name="kept">Of the handle that served last.</param>
/// <param name="stored">Reads the rest.</param>
internal sealed class KeptTailReader(PublishedLog kept, IExtentReader stored) : IExtentReader
{
    public ValueTask ReadAsync(PartitionId partition, Extent extent, Offset from, int maxBytes, FrameList into, CancellationToken cancellationToken)
    {
        var before = into.Count;
        var limits = new ReadLimits(from.Value, extent.LastOffset.Value + 1, into.Bytes + maxBytes, AtLeastOne: true);
        return kept.TryReadTail(limits, into) && into.Count > before
            ? ValueTask.CompletedTask
            : stored.ReadAsync(partition, extent, from, maxBytes, into, cancellationToken);
    }
}
