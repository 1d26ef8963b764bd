using OrleansStream.Log.Blocks;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Serving;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Segments;

/// <summary>Reads what the tail cache still has of open partitions from there, and asks the store for the rest: new frames are split without a request.</summary>
/// <param name="handles">The open partitions.</param>
/// <param name="stored">Reads the store.</param>
public sealed class TailFirstReader(HandleTable handles, IExtentReader stored) : IExtentReader
{
    /// <inheritdoc/>
    public ValueTask ReadAsync(PartitionId partition, Extent extent, Offset from, int maxBytes, FrameList into, CancellationToken cancellationToken)
    {
        if (extent is WalExtent wal && handles.TryGet(partition, out var handle) && handle.Session == wal.Session)
        {
            var before = into.Count;
            var limits = new ReadLimits(Math.Max(from.Value, extent.BaseOffset.Value), extent.LastOffset.Value + 1, into.Bytes + maxBytes, AtLeastOne: true);
            if (handle.Published.TryReadTail(limits, into) && into.Count > before) return ValueTask.CompletedTask;
            into.Cut(before);
        }

        return stored.ReadAsync(partition, extent, from, maxBytes, into, cancellationToken);
    }
}
