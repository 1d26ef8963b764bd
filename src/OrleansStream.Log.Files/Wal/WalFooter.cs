using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Model;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Records;

namespace OrleansStream.Log.Files.Wal;

/// <summary>
/// What the end of a full WAL file says of it (rule F5): where its slots stand and which frames each partition has in it. An aid, not a truth: a file
/// without a footer that verifies is read block by block. docs/formats/wal-file.md has the layout.
/// </summary>
public sealed class WalFooter
{
    private const uint Magic = 0x464C534F; // "OSLF"
    private const ushort Version = 1;
    private const int HeaderBytes = 64;
    private const int PartitionBytes = 24;
    private const int RunBytes = 48;
    private const int TrailerBytes = 16;

    // A footer of one file; a longer one is not written, and not read.
    private const int MaxBytes = Limits.MaxBlockBytes;

    private WalFooter(WalFile file, uint firstPrevious, uint lastChecksum, Slot durableEnd, Dictionary<PartitionId, IReadOnlyList<WalExtent>> partitions)
    {
        File = file;
        FirstPrevious = firstPrevious;
        LastChecksum = lastChecksum;
        DurableEnd = durableEnd;
        Partitions = partitions;
    }

    /// <summary>Where the file's slots stand; closed.</summary>
    public WalFile File { get; }

    /// <summary>What the file's first block says of the block before it.</summary>
    public uint FirstPrevious { get; }

    /// <summary>Checksum of the file's last block, which the first block of the next file names.</summary>
    public uint LastChecksum { get; }

    /// <summary>The highest durable end that a block of the file names.</summary>
    public Slot DurableEnd { get; }

    /// <summary>Runs of neighbouring frames of each partition, at most one for 64 KiB unless offsets jump, in the order of the file.</summary>
    public IReadOnlyDictionary<PartitionId, IReadOnlyList<WalExtent>> Partitions { get; }

    /// <summary>Reads the footer of a session's file.</summary>
    /// <param name="file">Open for reading, without direct I/O.</param>
    /// <param name="session">Whose file it is by its name; another session's footer, left in a file that was used again, does not count.</param>
    /// <param name="number">The file's number by its name.</param>
    /// <param name="footer">What it says.</param>
    /// <returns>False if there is none that verifies: read the blocks.</returns>
    public static bool TryRead(IDiskFile file, SessionId session, int number, [NotNullWhen(true)] out WalFooter? footer)
    {
        footer = null;
        var length = file.Length;
        if (length < Limits.BlockAlignment) return false;

        Span<byte> trailer = stackalloc byte[TrailerBytes];
        if (file.Read(length - TrailerBytes, trailer) < TrailerBytes || BinaryPrimitives.ReadUInt32LittleEndian(trailer[12..]) != Magic) return false;

        var stored = BinaryPrimitives.ReadInt32LittleEndian(trailer);
        var used = BinaryPrimitives.ReadInt32LittleEndian(trailer[4..]);
        if (stored < Limits.BlockAlignment || stored > MaxBytes || stored > length || used < HeaderBytes || used > stored - TrailerBytes) return false;

        var bytes = new byte[used];
        if (file.Read(length - stored, bytes) < used || Crc32C.Hash(bytes) != BinaryPrimitives.ReadUInt32LittleEndian(trailer[8..])) return false;

        footer = Parse(bytes, session, number, length - stored);
        return footer is not null;
    }

    /// <summary>Bytes that a footer takes in its file, a multiple of 4 KiB; -1 if it would be too long.</summary>
    internal static int StoredBytes(int slots, FooterBuilder builder)
    {
        var used = UsedBytes(slots, builder.Partitions.Sum(static one => (long)one.Extents.Count), builder.PartitionCount);
        var stored = (used + TrailerBytes + Limits.BlockAlignment - 1) / Limits.BlockAlignment * Limits.BlockAlignment;
        return stored <= MaxBytes ? (int)stored : -1;
    }

    internal static void Write(Span<byte> stored, WalFile file, FooterBuilder builder)
    {
        stored.Clear();
        var pages = file.CopyPages();
        BinaryPrimitives.WriteUInt32LittleEndian(stored, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(stored[4..], Version);
        BinaryPrimitives.WriteInt32LittleEndian(stored[8..], file.Number);
        BinaryPrimitives.WriteInt32LittleEndian(stored[12..], pages.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(stored[16..], file.Session.Hash);
        BinaryPrimitives.WriteInt64LittleEndian(stored[24..], file.FirstSlot.Value);
        BinaryPrimitives.WriteInt64LittleEndian(stored[32..], file.EndPosition);
        BinaryPrimitives.WriteInt64LittleEndian(stored[40..], builder.DurableEnd.Value);
        BinaryPrimitives.WriteUInt32LittleEndian(stored[48..], builder.FirstPrevious);
        BinaryPrimitives.WriteUInt32LittleEndian(stored[52..], builder.LastChecksum);
        BinaryPrimitives.WriteInt32LittleEndian(stored[56..], builder.PartitionCount);
        var at = HeaderBytes;
        foreach (var page in pages)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(stored[at..], page);
            at += sizeof(uint);
        }

        foreach (var (partition, extents) in builder.Partitions) WritePartition(stored, ref at, partition, extents);
        var trailer = stored[^TrailerBytes..];
        BinaryPrimitives.WriteInt32LittleEndian(trailer, stored.Length);
        BinaryPrimitives.WriteInt32LittleEndian(trailer[4..], at);
        BinaryPrimitives.WriteUInt32LittleEndian(trailer[8..], Crc32C.Hash(stored[..at]));
        BinaryPrimitives.WriteUInt32LittleEndian(trailer[12..], Magic);
    }

    private static long UsedBytes(int slots, long runs, int partitions) =>
        HeaderBytes + ((long)slots * sizeof(uint)) + ((long)partitions * PartitionBytes) + (runs * RunBytes);

    private static void WritePartition(Span<byte> stored, ref int at, PartitionId partition, IReadOnlyList<WalExtent> extents)
    {
        partition.Topic.Value.TryWriteBytes(stored[at..]);
        BinaryPrimitives.WriteInt32LittleEndian(stored[(at + 16)..], partition.Index);
        BinaryPrimitives.WriteInt32LittleEndian(stored[(at + 20)..], extents.Count);
        at += PartitionBytes;
        foreach (var extent in extents)
        {
            var run = stored[at..];
            BinaryPrimitives.WriteInt64LittleEndian(run, extent.FirstSlot.Value);
            BinaryPrimitives.WriteInt64LittleEndian(run[8..], extent.LastSlot.Value);
            BinaryPrimitives.WriteInt64LittleEndian(run[16..], extent.BaseOffset.Value);
            BinaryPrimitives.WriteInt64LittleEndian(run[24..], extent.LastOffset.Value);
            BinaryPrimitives.WriteInt64LittleEndian(run[32..], extent.Bytes);
            BinaryPrimitives.WriteInt64LittleEndian(run[40..], extent.MaxTimestampMs);
            at += RunBytes;
        }
    }

    private static WalFooter? Parse(ReadOnlySpan<byte> bytes, SessionId session, int number, long position)
    {
        var slots = BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]);
        var end = BinaryPrimitives.ReadInt64LittleEndian(bytes[32..]);
        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Magic || BinaryPrimitives.ReadUInt16LittleEndian(bytes[4..]) != Version) return null;
        if (BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]) != number || BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]) != session.Hash) return null;
        if (slots < 1 || slots > (bytes.Length - HeaderBytes) / sizeof(uint) || end > position) return null;

        var file = new WalFile(session, number, new Slot(BinaryPrimitives.ReadInt64LittleEndian(bytes[24..]))) { IsClosed = true };
        var rest = bytes[HeaderBytes..];
        for (var i = 0; i < slots; i++, rest = rest[sizeof(uint)..])
        {
            var start = BinaryPrimitives.ReadUInt32LittleEndian(rest) * (long)Limits.BlockAlignment;
            var next = i + 1 < slots ? BinaryPrimitives.ReadUInt32LittleEndian(rest[sizeof(uint)..]) * (long)Limits.BlockAlignment : end;
            if (next <= start || next - start > Limits.MaxBlockBytes) return null;
            file.Add(start, (int)(next - start));
        }

        var partitions = ParsePartitions(rest, file, BinaryPrimitives.ReadInt32LittleEndian(bytes[56..]));
        return partitions is null ? null : new WalFooter(
            file,
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[48..]),
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[52..]),
            new Slot(BinaryPrimitives.ReadInt64LittleEndian(bytes[40..])),
            partitions);
    }

    private static Dictionary<PartitionId, IReadOnlyList<WalExtent>>? ParsePartitions(ReadOnlySpan<byte> rest, WalFile file, int count)
    {
        if (count < 0 || count > rest.Length / PartitionBytes) return null;

        var partitions = new Dictionary<PartitionId, IReadOnlyList<WalExtent>>(count);
        for (; count > 0; count--)
        {
            if (rest.Length < PartitionBytes) return null;
            var partition = new PartitionId(new TopicId(new Guid(rest[..16])), BinaryPrimitives.ReadInt32LittleEndian(rest[16..]));
            var runs = BinaryPrimitives.ReadInt32LittleEndian(rest[20..]);
            rest = rest[PartitionBytes..];
            if (runs < 1 || runs > rest.Length / RunBytes) return null;

            var extents = new WalExtent[runs];
            for (var i = 0; i < runs; i++, rest = rest[RunBytes..])
            {
                extents[i] = ParseRun(rest, file.Session);
                if (!IsPossible(extents[i], file)) return null;
            }

            partitions[partition] = extents;
        }

        return partitions;
    }

    private static bool IsPossible(WalExtent run, WalFile file) =>
        run.FirstSlot >= file.FirstSlot && run.LastSlot >= run.FirstSlot && run.LastSlot < file.EndSlot && run.BaseOffset >= Offset.Zero && run.LastOffset >= run.BaseOffset && run.Bytes > 0;

    private static WalExtent ParseRun(ReadOnlySpan<byte> run, SessionId session) => new(
        session,
        new Slot(BinaryPrimitives.ReadInt64LittleEndian(run)),
        new Slot(BinaryPrimitives.ReadInt64LittleEndian(run[8..])),
        new Offset(BinaryPrimitives.ReadInt64LittleEndian(run[16..])),
        new Offset(BinaryPrimitives.ReadInt64LittleEndian(run[24..])),
        BinaryPrimitives.ReadInt64LittleEndian(run[32..]),
        BinaryPrimitives.ReadInt64LittleEndian(run[40..]));
}
