using System.Runtime.CompilerServices;
using OrleansStream.Model;

namespace OrleansStream.Log.Blocks;

/// <summary>Positions and sizes of the block format, version 1: docs/formats/block.md is the same table in words.</summary>
public static class BlockLayout
{
    /// <summary>"OSLB" in little endian.</summary>
    public const uint Magic = 0x424C534F;

    public const ushort Version = 1;

    /// <summary>Bytes of the header; the first frame follows it.</summary>
    public const int HeaderBytes = 96;

    /// <summary>Bytes of one line of the directory.</summary>
    public const int EntryBytes = 64;

    /// <summary>The longest frame that fits into a block by itself.</summary>
    public const int MaxFrameBytes = Limits.MaxBlockBytes - HeaderBytes - EntryBytes - DirectoryAlignment;

    /// <summary>Directories start at multiples of this, so that an entry in memory is read as what it is.</summary>
    internal const int DirectoryAlignment = 8;

    internal const int ChecksumPosition = 8;

    /// <summary>
    /// A directory is read in place: an entry in memory has the bytes of an entry on disk. That holds where the machine is little endian, as every one
    /// that .NET and Kafka clients commonly run on, and a test compares the two field by field.
    /// </summary>
    internal static bool IsNative { get; } = BitConverter.IsLittleEndian && Unsafe.SizeOf<FrameEntry>() == EntryBytes;

    /// <summary>Bytes of a block with so many frames of so many bytes, up to the end of its directory.</summary>
    public static long UsedBytes(long frameBytes, long frameCount) => DirectoryPositionAfter(HeaderBytes + frameBytes) + (frameCount * EntryBytes);

    /// <summary>The same in a file: blocks start on 4 KiB boundaries (rule F4).</summary>
    public static int StoredBytes(int usedBytes) => (usedBytes + Limits.BlockAlignment - 1) & -Limits.BlockAlignment;

    internal static long DirectoryPositionAfter(long end) => (end + DirectoryAlignment - 1) & -DirectoryAlignment;
}
