using System.Buffers.Binary;

namespace OrleansStream.Log.Journals;

/// <summary>The bytes of a frame of kind Journal, little endian: docs/formats/journal-frame.md. Its checksum stands in the block's directory.</summary>
internal static class JournalFrame
{
    public const int HeaderBytes = 8;
    public const int ChangeHeaderBytes = 4;
    public const byte Version = 1;

    /// <summary>Bytes of a frame with these changes.</summary>
    public static long LengthOf(IReadOnlyList<ReadOnlyMemory<byte>> changes)
    {
        long length = HeaderBytes;
        for (var index = 0; index < changes.Count; index++) length += ChangeHeaderBytes + changes[index].Length;
        return length;
    }

    /// <summary>Writes the frame; the destination has exactly its length.</summary>
    public static void Write(IReadOnlyList<ReadOnlyMemory<byte>> changes, Span<byte> destination)
    {
        destination[..HeaderBytes].Clear();
        destination[0] = Version;
        BinaryPrimitives.WriteInt32LittleEndian(destination[4..], changes.Count);
        destination = destination[HeaderBytes..];
        for (var index = 0; index < changes.Count; index++)
        {
            var change = changes[index].Span;
            BinaryPrimitives.WriteInt32LittleEndian(destination, change.Length);
            change.CopyTo(destination[ChangeHeaderBytes..]);
            destination = destination[(ChangeHeaderBytes + change.Length)..];
        }
    }
}
