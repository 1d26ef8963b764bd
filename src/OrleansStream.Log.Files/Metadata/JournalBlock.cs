using System.Buffers.Binary;
using OrleansStream.Model;
using OrleansStream.Model.Records;

namespace OrleansStream.Log.Files.Metadata;

/// <summary>The header of one block of the metadata journal; docs/formats/metadata-journal.md has the table.</summary>
internal readonly record struct JournalBlock
{
    public const int HeaderBytes = 64;

    /// <summary>Largest block, header included. A group that is larger goes into several blocks of one write.</summary>
    public const int MaxBytes = 4 * Limits.MiB;

    // "OSMJ" as it reads in a dump.
    private const uint Magic = 0x4A4D534F;
    private const ushort FormatVersion = 1;
    private const int ChecksumAt = 52;

    /// <summary>The number in the file's name: a block that a reused or copied file still holds from before is foreign.</summary>
    public required long FileNumber { get; init; }

    /// <summary>Counts the blocks of the file from 0.</summary>
    public required long Sequence { get; init; }

    /// <summary>Byte position up to which the file was known durable when the block was built.</summary>
    public required long DurableEnd { get; init; }

    /// <summary>In block 0: where the snapshot ends. All of it was synced before the file got its name. 0 elsewhere.</summary>
    public required long SnapshotEnd { get; init; }

    public required int PayloadBytes { get; init; }

    public required int Records { get; init; }

    /// <summary>Checksum of the block before, 0 in block 0: ties blocks to this order.</summary>
    public required uint Previous { get; init; }

    /// <summary>Bytes that the block takes in the file, so that the next one begins on a page of its own.</summary>
    public int StoredBytes => RoundUp(HeaderBytes + PayloadBytes);

    public static int RoundUp(int length) => (length + Limits.BlockAlignment - 1) & -Limits.BlockAlignment;

    /// <summary>Writes the header in front of the payload, which stands in the block already, and returns the checksum.</summary>
    public uint Seal(Span<byte> block)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(block, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(block[4..], FormatVersion);
        BinaryPrimitives.WriteUInt16LittleEndian(block[6..], 0);
        BinaryPrimitives.WriteInt64LittleEndian(block[8..], FileNumber);
        BinaryPrimitives.WriteInt64LittleEndian(block[16..], Sequence);
        BinaryPrimitives.WriteInt64LittleEndian(block[24..], DurableEnd);
        BinaryPrimitives.WriteInt64LittleEndian(block[32..], SnapshotEnd);
        BinaryPrimitives.WriteInt32LittleEndian(block[40..], PayloadBytes);
        BinaryPrimitives.WriteInt32LittleEndian(block[44..], Records);
        BinaryPrimitives.WriteUInt32LittleEndian(block[48..], Previous);
        BinaryPrimitives.WriteUInt32LittleEndian(block[ChecksumAt..], 0);
        BinaryPrimitives.WriteInt64LittleEndian(block[56..], 0);
        var checksum = Crc32C.Hash(block[..StoredBytes]);
        BinaryPrimitives.WriteUInt32LittleEndian(block[ChecksumAt..], checksum);
        return checksum;
    }

    /// <summary>Reads a header that may be anything. False if it cannot be one of this file.</summary>
    public static bool TryRead(ReadOnlySpan<byte> header, long fileNumber, out JournalBlock block, out ushort version)
    {
        block = default;
        version = 0;
        if (header.Length < HeaderBytes || BinaryPrimitives.ReadUInt32LittleEndian(header) != Magic) return false;
        version = BinaryPrimitives.ReadUInt16LittleEndian(header[4..]);
        block = new JournalBlock
        {
            FileNumber = BinaryPrimitives.ReadInt64LittleEndian(header[8..]),
            Sequence = BinaryPrimitives.ReadInt64LittleEndian(header[16..]),
            DurableEnd = BinaryPrimitives.ReadInt64LittleEndian(header[24..]),
            SnapshotEnd = BinaryPrimitives.ReadInt64LittleEndian(header[32..]),
            PayloadBytes = BinaryPrimitives.ReadInt32LittleEndian(header[40..]),
            Records = BinaryPrimitives.ReadInt32LittleEndian(header[44..]),
            Previous = BinaryPrimitives.ReadUInt32LittleEndian(header[48..]),
        };
        return version == FormatVersion && block.FileNumber == fileNumber && block.PayloadBytes is >= 0 and <= MaxBytes - HeaderBytes && block.Records >= 0;
    }

    /// <summary>Whether the stored bytes are those that were sealed; gives their checksum. Uses the block's memory, and leaves it as it was.</summary>
    public static bool Verify(Span<byte> stored, out uint checksum)
    {
        checksum = BinaryPrimitives.ReadUInt32LittleEndian(stored[ChecksumAt..]);
        BinaryPrimitives.WriteUInt32LittleEndian(stored[ChecksumAt..], 0);
        var found = Crc32C.Hash(stored);
        BinaryPrimitives.WriteUInt32LittleEndian(stored[ChecksumAt..], checksum);
        return found == checksum;
    }
}
