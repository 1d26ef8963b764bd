using System.Buffers.Binary;
using Snappier;

namespace OrleansStream.Model.Compression;

/// <summary>Snappy in the two forms that clients send: Java's framing (called xerial) around blocks, or one bare block.</summary>
internal static class SnappyDecoder
{
    // The name, then two versions that every reader ignores.
    private const int FramingHeaderBytes = 16;

    private static ReadOnlySpan<byte> FramingMagic => [0x82, (byte)'S', (byte)'N', (byte)'A', (byte)'P', (byte)'P', (byte)'Y', 0];

    public static bool TryRead(ReadOnlySpan<byte> compressed, PooledOutput output)
    {
        if (!compressed.StartsWith(FramingMagic)) return TryReadBlock(compressed, output);
        if (compressed.Length < FramingHeaderBytes) return false;

        for (var rest = compressed[FramingHeaderBytes..]; !rest.IsEmpty;)
        {
            // Streams that were appended to one another repeat the header.
            if (rest.StartsWith(FramingMagic) && rest.Length >= FramingHeaderBytes)
            {
                rest = rest[FramingHeaderBytes..];
                continue;
            }

            if (rest.Length < sizeof(int)) return false;
            var length = BinaryPrimitives.ReadInt32BigEndian(rest);
            rest = rest[sizeof(int)..];
            if (length < 0 || length > rest.Length || !TryReadBlock(rest[..length], output)) return false;
            rest = rest[length..];
        }

        return true;
    }

    private static bool TryReadBlock(ReadOnlySpan<byte> block, PooledOutput output)
    {
        if (block.IsEmpty) return false;

        // The block says how much it holds; the output refuses before it reserves more than the caller allows.
        var length = Snappy.GetUncompressedLength(block);
        if (length == 0) return block.Length == 1;
        if (!Snappy.TryDecompress(block, output.GetSpan(output.Room(length)), out var written)) return false;
        output.Advance(written);
        return written == length;
    }
}
