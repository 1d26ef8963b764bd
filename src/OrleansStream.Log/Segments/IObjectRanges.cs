using OrleansStream.Log.Blocks;
using OrleansStream.Log.Storage;

namespace OrleansStream.Log.Segments;

/// <summary>Where a reader of segments gets their bytes from: straight from a store, or through a cache before it.</summary>
public interface IObjectRanges
{
    /// <summary>The object's length, or -1 if there is none.</summary>
    ValueTask<long> LengthAsync(string name, CancellationToken cancellationToken);

    /// <summary>Reads what is wanted once, such as an index, as <see cref="IObjectStore.ReadAsync"/> does.</summary>
    ValueTask<int> ReadAsync(string name, long position, Memory<byte> destination, CancellationToken cancellationToken);

    /// <summary>Gives a range of the object, which the caller disposes.</summary>
    /// <exception cref="MissingObjectException">There is no such object.</exception>
    /// <exception cref="CorruptBlockException">The object ends before the range does.</exception>
    ValueTask<LeasedRange> LeaseAsync(ObjectRange range, CancellationToken cancellationToken);
}

/// <summary>A range of an object.</summary>
/// <param name="Name">Which object.</param>
/// <param name="Position">Its first byte.</param>
/// <param name="Length">Its bytes, 1 or more.</param>
/// <param name="DataBytes">Up to where the object is worth reading: nothing at or above that byte is read along.</param>
public readonly record struct ObjectRange(string Name, long Position, int Length, long DataBytes)
{
    public long End => Position + Length;
}
