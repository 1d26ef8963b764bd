using System.Buffers;

namespace OrleansStream.Model.Compression;

/// <summary>Decompressed bytes in a pooled buffer. Whoever has it disposes it, once, and reads no byte afterwards.</summary>
public readonly struct DecompressedRecords : IDisposable
{
    private readonly byte[]? _buffer;
    private readonly int _length;

    internal DecompressedRecords(DecompressionOutcome outcome, byte[]? buffer, int length) => (Outcome, _buffer, _length) = (outcome, buffer, length);

    public DecompressionOutcome Outcome { get; }

    /// <summary>What was decompressed; empty unless <see cref="Outcome"/> is <see cref="DecompressionOutcome.Done"/>.</summary>
    public ReadOnlySpan<byte> Bytes => _buffer.AsSpan(0, _length);

    public void Dispose()
    {
        if (_buffer is not null) ArrayPool<byte>.Shared.Return(_buffer);
    }
}
