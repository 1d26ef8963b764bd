using OrleansStream.Log.Blocks;
using OrleansStream.Log.Segments;

namespace OrleansStream.Log.AzureBlobs.Reading;

/// <summary>Ranges of segments through the cache, for readers of one priority.</summary>
internal sealed class CachedRanges(BlockCache cache, ReadPriority priority) : IObjectRanges
{
    public ValueTask<long> LengthAsync(string name, CancellationToken cancellationToken) => cache.Reads.LengthAsync(name, priority, cancellationToken);

    public async ValueTask<int> ReadAsync(string name, long position, Memory<byte> destination, CancellationToken cancellationToken)
    {
        cache.Work.Begin();
        try
        {
            var read = await cache.Reads.ReadAsync(new BlobRange(name, position, destination.Length), BlobReads.TicketOf(priority, destination.Length), cancellationToken);
            read.Slab.Memory[..read.Length].CopyTo(destination);
            read.Slab.Return();
            return read.Length;
        }
        finally
        {
            cache.Work.End();
        }
    }

    public ValueTask<LeasedRange> LeaseAsync(ObjectRange range, CancellationToken cancellationToken) => cache.LeaseAsync(range, priority, cancellationToken);
}
