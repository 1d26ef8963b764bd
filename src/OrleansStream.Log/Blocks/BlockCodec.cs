using System.Buffers.Binary;
using System.Runtime.InteropServices;
using OrleansStream.Model;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Records;

namespace OrleansStream.Log.Blocks;

/// <summary>
/// Writes and reads blocks as they are stored. Every byte of a stored block is covered: header and directory by the header's checksum, each frame by
/// its entry's, and what lies between must be zero. Nothing that is read is trusted before it is checked.
/// </summary>
public static class BlockCodec
{
    private const int NoneBad = -1;

    /// <summary>Writes one line of a directory into 64 bytes. The checksum may be written later, at <see cref="ChecksumOf"/>.</summary>
    internal static void WriteEntry(Span<byte> to, in FrameEntry entry)
    {
        entry.Partition.Topic.Value.TryWriteBytes(to);
        BinaryPrimitives.WriteInt32LittleEndian(to[16..], entry.Partition.Index);
        BinaryPrimitives.WriteInt32LittleEndian(to[20..], entry.Epoch.Value);
        BinaryPrimitives.WriteInt64LittleEndian(to[24..], entry.BaseOffset.Value);
        BinaryPrimitives.WriteInt64LittleEndian(to[32..], entry.LastOffset.Value);
        BinaryPrimitives.WriteInt64LittleEndian(to[40..], entry.MaxTimestampMs);
        BinaryPrimitives.WriteInt32LittleEndian(to[48..], entry.Position);
        BinaryPrimitives.WriteInt32LittleEndian(to[52..], entry.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(to[56..], (byte)entry.Kind); // One byte, then three that are zero.
        BinaryPrimitives.WriteUInt32LittleEndian(to[60..], entry.Checksum);
    }

    internal static Span<byte> ChecksumOf(Span<byte> entry) => entry.Slice(60, 4);

    /// <summary>Writes the header of a block whose frames and directory stand, and returns its checksum. The rest of the stored block is cleared.</summary>
    internal static uint Seal(Span<byte> stored, in BlockHeader header)
    {
        stored[header.UsedBytes..header.StoredBytes].Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(stored, BlockLayout.Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(stored[4..], BlockLayout.Version);
        BinaryPrimitives.WriteUInt16LittleEndian(stored[6..], 0);
        BinaryPrimitives.WriteInt32LittleEndian(stored[12..], header.ClusterGeneration);
        BinaryPrimitives.WriteUInt64LittleEndian(stored[16..], header.SessionHash);
        BinaryPrimitives.WriteInt64LittleEndian(stored[24..], header.Slot.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(stored[32..], header.WriteNonce);
        BinaryPrimitives.WriteUInt32LittleEndian(stored[40..], header.PreviousChecksum);
        BinaryPrimitives.WriteInt32LittleEndian(stored[44..], header.StoredBytes);
        BinaryPrimitives.WriteInt64LittleEndian(stored[48..], header.DurableEnd.Value);
        BinaryPrimitives.WriteInt64LittleEndian(stored[56..], header.TrimPoint.Value);
        BinaryPrimitives.WriteInt32LittleEndian(stored[64..], header.DirectoryPosition);
        BinaryPrimitives.WriteInt32LittleEndian(stored[68..], header.FrameCount);
        stored[72..BlockLayout.HeaderBytes].Clear();
        var checksum = HeaderChecksum(stored, header);
        BinaryPrimitives.WriteUInt32LittleEndian(stored[BlockLayout.ChecksumPosition..], checksum);
        return checksum;
    }

    /// <summary>
    /// Reads a header without its checksum, whose directory may not be at hand yet. Its lengths are within the format's bounds; nothing else in it is
    /// to be believed before <see cref="TryReadDirectory"/> has said so.
    /// </summary>
    /// <param name="start">At least the first 96 bytes of a block.</param>
    /// <param name="header">What they say.</param>
    /// <param name="problem">Why they are no header; null if they may be one.</param>
    public static bool TryReadHeader(ReadOnlySpan<byte> start, out BlockHeader header, out string? problem)
    {
        header = default;
        if (start.Length < BlockLayout.HeaderBytes) return Fail($"{start.Length} bytes are left where a header takes {BlockLayout.HeaderBytes}", out problem);

        var magic = BinaryPrimitives.ReadUInt32LittleEndian(start);
        if (magic != BlockLayout.Magic) return Fail($"no block starts here: found {magic:x8}, expected {BlockLayout.Magic:x8}", out problem);

        var version = BinaryPrimitives.ReadUInt16LittleEndian(start[4..]);
        if (version != BlockLayout.Version) return Fail($"block format version {version}; this program reads version {BlockLayout.Version}", out problem);

        header = ReadFields(start);
        problem = FindBadLength(header);
        return problem is null;
    }

    /// <summary>Verifies header and directory, and gives the directory in place. Frames are not read: <see cref="FindBadFrame"/> does that.</summary>
    /// <param name="stored">The block from its first byte; bytes behind it are ignored. It must be aligned to 8 bytes, as slabs are.</param>
    /// <param name="header">The header, checksum included.</param>
    /// <param name="directory">One entry for each frame, in the memory of <paramref name="stored"/>.</param>
    /// <param name="problem">Why the block does not verify; null if it does.</param>
    public static bool TryReadDirectory(ReadOnlySpan<byte> stored, out BlockHeader header, out ReadOnlySpan<FrameEntry> directory, out string? problem)
    {
        directory = default;
        if (!TryReadHeader(stored, out header, out problem)) return false;
        if (stored.Length < header.UsedBytes) return Fail($"the block in slot {header.Slot} takes {header.UsedBytes} bytes, only {stored.Length} are left", out problem);

        return TryReadDirectory(stored[..BlockLayout.HeaderBytes], stored[header.DirectoryPosition..header.UsedBytes], header, out directory, out problem);
    }

    /// <summary>The same where header and directory were read apart.</summary>
    /// <param name="start">The first 96 bytes of the block.</param>
    /// <param name="lines">The bytes of the directory.</param>
    /// <param name="header">What <see cref="TryReadHeader"/> made of <paramref name="start"/>.</param>
    /// <param name="directory">One entry for each frame, in the memory of <paramref name="lines"/>.</param>
    /// <param name="problem">Why the block does not verify; null if it does.</param>
    public static bool TryReadDirectory(ReadOnlySpan<byte> start, ReadOnlySpan<byte> lines, BlockHeader header, out ReadOnlySpan<FrameEntry> directory, out string? problem)
    {
        directory = default;
        var found = HeaderChecksum(start, lines);
        if (found != header.Checksum)
            return Fail($"header and directory of the block in slot {header.Slot} have checksum {found:x8}, the header says {header.Checksum:x8}", out problem);

        directory = MemoryMarshal.Cast<byte, FrameEntry>(lines);
        var bad = FindBadEntry(header, directory);
        if (bad != NoneBad) return Fail($"entry {bad} of the block in slot {header.Slot} does not follow the one before it: {Describe(directory[bad])}", out problem);

        problem = null;
        return true;
    }

    /// <summary>The directory of a block whose header and directory were verified before.</summary>
    public static ReadOnlySpan<FrameEntry> DirectoryOf(ReadOnlySpan<byte> stored, in BlockHeader header) =>
        MemoryMarshal.Cast<byte, FrameEntry>(stored[header.DirectoryPosition..header.UsedBytes]);

    /// <summary>Reads every frame, and the bytes between and behind them. Null if all is as it was written, else what is not.</summary>
    public static string? FindBadFrame(ReadOnlySpan<byte> stored, in BlockHeader header, ReadOnlySpan<FrameEntry> directory)
    {
        foreach (ref readonly var entry in directory)
        {
            var found = Crc32C.Hash(stored.Slice(entry.Position, entry.Length));
            if (found != entry.Checksum) return DescribeBadFrame(header.Slot, entry, found);
        }

        return FindBadPadding(stored, header, directory);
    }

    /// <summary>Reads the bytes between and behind frames and directory, which must be zero. Null if they are, else what is not.</summary>
    public static string? FindBadPadding(ReadOnlySpan<byte> stored, in BlockHeader header, ReadOnlySpan<FrameEntry> directory)
    {
        var end = directory.IsEmpty ? BlockLayout.HeaderBytes : directory[^1].Position + directory[^1].Length;
        if (stored[end..header.DirectoryPosition].ContainsAnyExcept((byte)0)) return $"the bytes between frames and directory of the block in slot {header.Slot} are not zero";
        return stored[header.UsedBytes..header.StoredBytes].ContainsAnyExcept((byte)0) ? $"the bytes behind the directory of the block in slot {header.Slot} are not zero" : null;
    }

    /// <summary>Verifies all of a block. Null if it is as it was written.</summary>
    public static string? Verify(ReadOnlySpan<byte> stored)
    {
        if (!TryReadDirectory(stored, out var header, out var directory, out var problem)) return problem;
        return stored.Length < header.StoredBytes
            ? $"the block in slot {header.Slot} takes {header.StoredBytes} bytes, only {stored.Length} are left"
            : FindBadFrame(stored, header, directory);
    }

    /// <summary>What to say of a frame whose bytes have another checksum than its entry.</summary>
    public static string DescribeBadFrame(Slot slot, in FrameEntry entry, uint found) =>
        $"frame of partition {entry.Partition}, offsets {entry.BaseOffset} to {entry.LastOffset}, at byte {entry.Position} of the block in slot {slot}: checksum {found:x8}, its entry says {entry.Checksum:x8}";

    private static BlockHeader ReadFields(ReadOnlySpan<byte> start) => new()
    {
        Checksum = BinaryPrimitives.ReadUInt32LittleEndian(start[BlockLayout.ChecksumPosition..]),
        ClusterGeneration = BinaryPrimitives.ReadInt32LittleEndian(start[12..]),
        SessionHash = BinaryPrimitives.ReadUInt64LittleEndian(start[16..]),
        Slot = new Slot(BinaryPrimitives.ReadInt64LittleEndian(start[24..])),
        WriteNonce = BinaryPrimitives.ReadUInt64LittleEndian(start[32..]),
        PreviousChecksum = BinaryPrimitives.ReadUInt32LittleEndian(start[40..]),
        StoredBytes = BinaryPrimitives.ReadInt32LittleEndian(start[44..]),
        DurableEnd = new Slot(BinaryPrimitives.ReadInt64LittleEndian(start[48..])),
        TrimPoint = new Slot(BinaryPrimitives.ReadInt64LittleEndian(start[56..])),
        DirectoryPosition = BinaryPrimitives.ReadInt32LittleEndian(start[64..]),
        FrameCount = BinaryPrimitives.ReadInt32LittleEndian(start[68..]),
    };

    // Lengths decide how much is read next, so they are bounded before the checksum can be known.
    private static string? FindBadLength(in BlockHeader header)
    {
        if (header.StoredBytes is < Limits.BlockAlignment or > Limits.MaxBlockBytes || header.StoredBytes % Limits.BlockAlignment != 0)
            return $"the header claims {header.StoredBytes} bytes; a block has a multiple of {Limits.BlockAlignment}, at most {Limits.MaxBlockBytes}";
        if (header.DirectoryPosition < BlockLayout.HeaderBytes || header.DirectoryPosition > header.StoredBytes || header.DirectoryPosition % BlockLayout.DirectoryAlignment != 0)
            return $"the header claims a directory at byte {header.DirectoryPosition} of {header.StoredBytes}";
        if (header.FrameCount < 0 || header.FrameCount > (header.StoredBytes - header.DirectoryPosition) / BlockLayout.EntryBytes)
            return $"the header claims {header.FrameCount} frames, for whose entries {header.StoredBytes - header.DirectoryPosition} bytes are left";
        return header.StoredBytes == BlockLayout.StoredBytes(header.UsedBytes) ? null : $"the header claims {header.StoredBytes} bytes, of which {header.UsedBytes} are used";
    }

    // Frames follow each other without a gap, so none can overlap another, the header or the directory.
    private static int FindBadEntry(in BlockHeader header, ReadOnlySpan<FrameEntry> directory)
    {
        var end = BlockLayout.HeaderBytes;
        for (var i = 0; i < directory.Length; i++)
        {
            ref readonly var entry = ref directory[i];
            if (entry.Position != end || entry.Length < 0 || entry.Length > header.DirectoryPosition - end || entry.BaseOffset.Value < 0 || entry.LastOffset < entry.BaseOffset) return i;
            end += entry.Length;
        }

        return NoneBad;
    }

    private static string Describe(in FrameEntry entry) =>
        $"partition {entry.Partition}, offsets {entry.BaseOffset} to {entry.LastOffset}, position {entry.Position}, length {entry.Length}";

    private static uint HeaderChecksum(Span<byte> stored, in BlockHeader header) =>
        HeaderChecksum(stored, stored[header.DirectoryPosition..header.UsedBytes]);

    private static uint HeaderChecksum(ReadOnlySpan<byte> start, ReadOnlySpan<byte> directory)
    {
        var checksum = Crc32C.Hash(start[..BlockLayout.ChecksumPosition]);
        checksum = Crc32C.Append(checksum, start[(BlockLayout.ChecksumPosition + 4)..BlockLayout.HeaderBytes]);
        return Crc32C.Append(checksum, directory);
    }

    private static bool Fail(string what, out string? problem)
    {
        problem = what;
        return false;
    }
}
