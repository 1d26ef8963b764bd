using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Blocks;

/// <summary>What the first 96 bytes of a stored block say; docs/formats/block.md has the layout.</summary>
public readonly record struct BlockHeader
{
    /// <summary>Raised if the storage was ever turned back (rule M5).</summary>
    public required int ClusterGeneration { get; init; }

    /// <summary><see cref="SessionId.Hash"/> of the session that wrote it.</summary>
    public required ulong SessionHash { get; init; }

    public required Slot Slot { get; init; }

    /// <summary>Tells this block from any other that could claim its slot (rules B1, W1).</summary>
    public required ulong WriteNonce { get; init; }

    /// <summary><see cref="Checksum"/> of the block in the slot before; 0 in slot 0.</summary>
    public required uint PreviousChecksum { get; init; }

    /// <summary>Every slot below this one was known durable when the block was sealed (rule F3).</summary>
    public required Slot DurableEnd { get; init; }

    /// <summary>The first slot of the session that was still needed when the block was sealed.</summary>
    public required Slot TrimPoint { get; init; }

    /// <summary>Bytes that the block takes in its file: a multiple of 4 KiB.</summary>
    public required int StoredBytes { get; init; }

    /// <summary>Byte of the block at which its directory starts: a multiple of 8.</summary>
    public required int DirectoryPosition { get; init; }

    public required int FrameCount { get; init; }

    /// <summary>CRC-32C over header (without this field) and directory; through the directory's checksums it stands for the whole block.</summary>
    public uint Checksum { get; init; }

    /// <summary>Bytes from the start to the end of the directory; zeros follow.</summary>
    public int UsedBytes => DirectoryPosition + (FrameCount * BlockLayout.EntryBytes);
}
