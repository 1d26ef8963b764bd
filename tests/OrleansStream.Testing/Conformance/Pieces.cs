using System.Buffers;

namespace OrleansStream.Testing.Conformance;

/// <summary>Bytes as a sequence of several pieces, as content comes to stores.</summary>
public static class Pieces
{
    /// <summary>The bytes in that many pieces of about one size, in memory that belongs to the sequence alone.</summary>
    public static ReadOnlySequence<byte> Of(byte[] content, int pieces = 2)
    {
        var size = Math.Max(1, (content.Length + pieces - 1) / pieces);
        Piece? first = null;
        var last = first;
        for (var at = 0; at < content.Length; at += size)
        {
            var piece = new Piece(content.AsMemory(at, Math.Min(size, content.Length - at)), at);
            if (last is not null) last.After = piece;
            first ??= piece;
            last = piece;
        }

        return first is null ? ReadOnlySequence<byte>.Empty : new ReadOnlySequence<byte>(first, 0, last!, last!.Memory.Length);
    }

    /// <summary>Bytes that follow from a seed.</summary>
    public static byte[] Bytes(int length, int seed)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        public Piece(ReadOnlyMemory<byte> memory, long index)
        {
            Memory = memory;
            RunningIndex = index;
        }

        public Piece After
        {
            set => Next = value;
        }
    }
}
