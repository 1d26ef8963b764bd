using System.Buffers.Binary;
using OrleansStream.Log.Storage;
using OrleansStream.Model;
using OrleansStream.Model.Records;
using OrleansStream.Simulation.Brokers;
using OrleansStream.Testing.Disks;

namespace OrleansStream.Simulation.Mutants;

/// <summary>
/// Footers of WAL files that verify and say what is not so (rule F5): what a fault in their writer would leave behind. docs/formats/wal-file.md has the
/// places of their fields.
/// </summary>
internal sealed class FooterMutation(FooterMutation.Change change) : Mutation
{
    private const int HeaderBytes = 64;
    private const int PartitionBytes = 24;
    private const int RunBytes = 48;
    private const int TrailerBytes = 16;

    /// <summary>Changes a footer, given where its last partition begins.</summary>
    public delegate void Change(Span<byte> footer, int lastPartition);

    /// <summary>The last offset of the last run is one higher than it is.</summary>
    public static void LastOffsetTooHigh(Span<byte> footer, int lastPartition)
    {
        var at = UsedOf(footer) - RunBytes + 24;
        BinaryPrimitives.WriteInt64LittleEndian(footer[at..], BinaryPrimitives.ReadInt64LittleEndian(footer[at..]) + 1);
    }

    /// <summary>The last partition is not in it.</summary>
    public static void LeavesOutAPartition(Span<byte> footer, int lastPartition)
    {
        BinaryPrimitives.WriteInt32LittleEndian(footer[56..], BinaryPrimitives.ReadInt32LittleEndian(footer[56..]) - 1);
        BinaryPrimitives.WriteInt32LittleEndian(footer[^12..], lastPartition);
    }

    /// <summary>The last run seems to end in the slot in which it begins.</summary>
    public static void HighestSlotTooLow(Span<byte> footer, int lastPartition)
    {
        var run = footer[(UsedOf(footer) - RunBytes)..];
        run[..8].CopyTo(run[8..]);
    }

    public override IDisk Disk(IDisk disk, Func<bool> isRecovering) => new MutantDisk(disk) { Rewrites = Rewrite };

    private static int UsedOf(ReadOnlySpan<byte> footer) => BinaryPrimitives.ReadInt32LittleEndian(footer[^12..]);

    private ReadOnlyMemory<byte> Rewrite(string path, ReadOnlyMemory<byte> piece)
    {
        var bytes = piece.Span;
        var isFooter = path.StartsWith("wal/", StringComparison.Ordinal) && bytes.Length > HeaderBytes + TrailerBytes && bytes[..4].SequenceEqual("OSLF"u8) && bytes[^4..].SequenceEqual("OSLF"u8);
        if (!isFooter) return piece;

        var footer = bytes.ToArray();
        var at = HeaderBytes + (BinaryPrimitives.ReadInt32LittleEndian(footer.AsSpan(12)) * sizeof(uint));
        for (var left = BinaryPrimitives.ReadInt32LittleEndian(footer.AsSpan(56)) - 1; left > 0; left--)
            at += PartitionBytes + (BinaryPrimitives.ReadInt32LittleEndian(footer.AsSpan(at + 20)) * RunBytes);
        change(footer, at);
        BinaryPrimitives.WriteUInt32LittleEndian(footer.AsSpan(footer.Length - 8), Crc32C.Hash(footer.AsSpan(0, UsedOf(footer))));
        return footer;
    }
}

/// <summary>A start believes the footer of a closed file though the blocks at its ends are not those that it is chained to: it is shown the headers that were written.</summary>
/// <param name="written">The disk before it was damaged.</param>
internal sealed class UnchainedFooterMutation(SimulatedDisk written) : Mutation
{
    private const int HeaderBytes = 64;
    private const int TrailerBytes = 16;

    /// <summary>Where the first and the last block of a closed file begin; nothing for any other file.</summary>
    public static IReadOnlyList<long> EndsOf(SimulatedDisk disk, string path)
    {
        if (!HasFooter(disk, path)) return [];

        var file = disk.Contents(path);
        var footer = file.AsSpan(file.Length - BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(file.Length - TrailerBytes)));
        var blocks = BinaryPrimitives.ReadInt32LittleEndian(footer[12..]);
        return [0, BinaryPrimitives.ReadUInt32LittleEndian(footer[(HeaderBytes + ((blocks - 1) * sizeof(uint)))..]) * (long)Limits.BlockAlignment];
    }

    public override IDisk Disk(IDisk disk, Func<bool> isRecovering) => new MutantDisk(disk)
    {
        Shows = (path, position, bytes) =>
        {
            if (isRecovering() && HasFooter(written, path)) written.Contents(path).AsSpan((int)position, bytes.Length).CopyTo(bytes);
        },
    };

    private static bool HasFooter(SimulatedDisk disk, string path) =>
        path.StartsWith("wal/", StringComparison.Ordinal) && disk.Contents(path) is { Length: > HeaderBytes + TrailerBytes } file && file.AsSpan(file.Length - 4).SequenceEqual("OSLF"u8);
}
