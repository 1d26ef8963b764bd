using OrleansStream.Log.Blocks;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Producers;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Storage;

/// <summary>Reads frames of one partition out of an extent: WAL blocks of this or an earlier session, or a segment.</summary>
public interface IExtentReader
{
    /// <summary>
    /// Adds, in offset order and as leases, the frames of the partition in this extent whose last offset is at or above <paramref name="from"/>, until
    /// <paramref name="maxBytes"/> are reached. The first frame is added whatever its size, later ones only if they fit. Of several copies of a frame
    /// the one in the highest slot counts (rule R2).
    /// </summary>
    /// <exception cref="CorruptBlockException">Stored bytes do not verify; names file, byte and offsets. Not to be retried more than once.</exception>
    ValueTask ReadAsync(PartitionId partition, Extent extent, Offset from, int maxBytes, FrameList into, CancellationToken cancellationToken);

    /// <summary>What all frames of the extent say of idempotent producers, where that is known without reading them; else null.</summary>
    /// <exception cref="CorruptBlockException">As for <see cref="ReadAsync"/>.</exception>
    ValueTask<ProducerDelta?> ProducersOfAsync(PartitionId partition, Extent extent, CancellationToken cancellationToken) => ValueTask.FromResult<ProducerDelta?>(null);
}
