namespace OrleansStream.Log.Storage;

/// <summary>One open file. One writer at a time; reads may run beside it. Disposing closes it and syncs nothing.</summary>
public interface IDiskFile : IDisposable
{
    long Length { get; }

    /// <summary>What positions, lengths and memory of a write or read must be multiples of: 1, or the block alignment where the file is opened for direct I/O.</summary>
    int Alignment { get; }

    /// <summary>Reserves space up to this length, so that later writes below it cannot fail for want of space. The length of the file grows to it; the new bytes read as zero.</summary>
    /// <exception cref="DiskFullException">There is no space; nothing was reserved for certain.</exception>
    void Reserve(long length);

    /// <summary>Writes the pieces one after the other, all or with an exception; after an exception any part of them may stand in the file.</summary>
    void Write(long position, ReadOnlySpan<ReadOnlyMemory<byte>> pieces);

    /// <summary>Makes all writes that have returned durable, with the length. A failure is final for the file (rule F1): it is never tried again.</summary>
    void SyncData();

    /// <summary>Reads until the destination is full or the file ends; returns the bytes read.</summary>
    int Read(long position, Span<byte> destination);

    /// <summary>
    /// The first position from the given one on where bytes other than zero may stand; the file's length if there is none. All between reads as zero without
    /// a look: space that was reserved and never written. A file system that cannot tell gives the position back.
    /// </summary>
    long NextData(long position);

    /// <summary>Cuts the file to this length.</summary>
    void Truncate(long length);
}
