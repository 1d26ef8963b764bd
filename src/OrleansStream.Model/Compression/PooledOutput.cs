using System.Buffers;

namespace OrleansStream.Model.Compression;

/// <summary>A pooled buffer that grows with what is written, never with what a header promises, and refuses to grow above its limit.</summary>
internal sealed class PooledOutput(int maxBytes) : IBufferWriter<byte>, IDisposable
{
    private const int FirstBytes = 64 * Limits.KiB;

    private byte[]? _buffer;

    public int Length { get; private set; }

    /// <summary>Free bytes, at least one. The last one may lie above the limit, so that a decoder sees whether there is more.</summary>
    /// <exception cref="OutputLimitException">More room is wanted than any codec needs.</exception>
    public Span<byte> GetSpan(int sizeHint = 0)
    {
        var wanted = (long)Length + Math.Max(sizeHint, 1);
        if (_buffer is null || wanted > _buffer.Length) Grow(wanted);
        return _buffer.AsSpan(Length);
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        GetSpan(sizeHint);
        return _buffer.AsMemory(Length);
    }

    /// <exception cref="OutputLimitException">The limit is exceeded.</exception>
    public void Advance(int count)
    {
        Length += count;
        if (Length > maxBytes) throw new OutputLimitException();
    }

    /// <summary>Checks a length that a codec promises before anything is reserved for it.</summary>
    /// <exception cref="OutputLimitException">It exceeds what is left of the limit.</exception>
    public int Room(int bytes) => bytes <= maxBytes - Length ? bytes : throw new OutputLimitException();

    /// <summary>Hands the buffer over.</summary>
    public DecompressedRecords Take()
    {
        var taken = new DecompressedRecords(DecompressionOutcome.Done, _buffer, Length);
        (_buffer, Length) = (null, 0);
        return taken;
    }

    public void Dispose()
    {
        if (_buffer is not null) ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = null;
    }

    private void Grow(long wanted)
    {
        // A codec may ask for room for a whole block of its own; what it then writes is still counted.
        var largest = Math.Min((long)maxBytes + RecordDecompressor.MaxCodecBlockBytes, Array.MaxLength);
        if (wanted > largest) throw new OutputLimitException();

        var size = Math.Min(largest, Math.Max(wanted, Math.Max(FirstBytes, 2L * (_buffer?.Length ?? 0))));
        var larger = ArrayPool<byte>.Shared.Rent((int)size);
        _buffer.AsSpan(0, Length).CopyTo(larger);
        if (_buffer is not null) ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }
}
