using OrleansStream.Log.Blocks;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Producers;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Segments;

/// <summary>Reads every kind of extent: asks the reader of its kind.</summary>
/// <param name="wal">For <see cref="WalExtent"/>.</param>
/// <param name="segments">For <see cref="SegmentExtent"/>.</param>
public sealed class ExtentReader(IExtentReader wal, IExtentReader segments) : IExtentReader
{
    /// <inheritdoc/>
    public ValueTask ReadAsync(PartitionId partition, Extent extent, Offset from, int maxBytes, FrameList into, CancellationToken cancellationToken) =>
        (extent is SegmentExtent ? segments : wal).ReadAsync(partition, extent, from, maxBytes, into, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ProducerDelta?> ProducersOfAsync(PartitionId partition, Extent extent, CancellationToken cancellationToken) =>
        (extent is SegmentExtent ? segments : wal).ProducersOfAsync(partition, extent, cancellationToken);
}
