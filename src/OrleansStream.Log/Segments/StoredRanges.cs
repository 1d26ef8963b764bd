using OrleansStream.Log.Blocks;
using OrleansStream.Log.Storage;

namespace OrleansStream.Log.Segments;

/// <summary>Reads each range from the store, into a slab of its own.</summary>
internal sealed class StoredRanges(IObjectStore objects, SlabPool slabs) : IObjectRanges
{
    public ValueTask<long> LengthAsync(string name, CancellationToken cancellationToken) => objects.LengthAsync(name, cancellationToken);

    public ValueTask<int> ReadAsync(string name, long position, Memory<byte> destination, CancellationToken cancellationToken) => objects.ReadAsync(name, position, destination, cancellationToken);

    public async ValueTask<LeasedRange> LeaseAsync(ObjectRange range, CancellationToken cancellationToken)
    {
        var slab = slabs.Rent(range.Length);
        try
        {
            var read = await objects.ReadAsync(range.Name, range.Position, slab.Memory[..range.Length], cancellationToken);
            if (read < 0) throw new MissingObjectException(range.Name);
            if (read < range.Length) throw new CorruptBlockException(range.Name, range.Position + read, $"the object ends here; {range.Length - read} bytes more were expected.");
        }
        catch
        {
            slab.Return();
            throw;
        }

        var leased = new LeasedRange(slabs);
        leased.Add(Block.OfRead(slabs, slab, range.Length), 0, range.Position, range.Length);
        return leased;
    }
}
