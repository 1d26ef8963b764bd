using System.Buffers.Binary;
using OrleansStream.Log.Verification;
using OrleansStream.Log.Files.Metadata;
using OrleansStream.Log.Files.Tests.Metadata;
using OrleansStream.Log.Files.Tests.Wal;
using OrleansStream.Log.Files.Wal;
using OrleansStream.Log.Storage;
using OrleansStream.Model;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Records;
using OrleansStream.Testing.Disks;
using OrleansStream.Testing.Fuzzing;
using OrleansStream.Testing.Lanes;

namespace OrleansStream.Log.Files.Tests.Fuzzing;

/// <summary>Whole files of a data directory, damaged: a start reads them or names the damage.</summary>
public sealed class FileFuzzTests
{
    private const int TriesInTheTestRun = 3_000;

    // Blocks and footers are whole pages of small things: a try may keep a page's worth of objects, and the simulated disk a copy.
    private const int AllocationPerByte = 100;

    [Fact]
    public void A_damaged_metadata_journal_or_WAL_footer_is_read_or_refused()
    {
        var (footer, session) = WalFile();
        FuzzTarget[] targets =
        [
            new("metadata journal", [Journal()], static bytes => ReadJournal(bytes), typeof(LogException), typeof(FormatException)) { Seal = SealBlocks, AllocationPerByte = AllocationPerByte },
            new("WAL footer", [footer], bytes => ReadFooter(bytes, session)) { Seal = SealTrailer, AllocationPerByte = AllocationPerByte },
        ];

        Assert.Null(FuzzRun.Run(targets, TriesInTheTestRun).Finding);
    }

    private static byte[] Journal()
    {
        var disk = new SimulatedDisk();
        var journal = new JournalUnderTest(disk);
        for (var partition = 0; partition < 6; partition++) journal.Write(JournalUnderTest.ManifestOf(partition, epoch: 1), null);
        return disk.Contents(JournalNames.File(1));
    }

    private static void ReadJournal(byte[] bytes)
    {
        var disk = new SimulatedDisk();
        disk.CreateDirectory("meta");
        Put(disk, JournalNames.File(1), bytes);
        MetadataJournal.ReadContents(disk);
    }

    private static void ReadFooter(byte[] bytes, SessionId session)
    {
        var disk = new SimulatedDisk();
        Put(disk, "wal-file", bytes);
        using var file = disk.Open("wal-file", DiskOpenMode.Read);
        WalFooter.TryRead(file, session, 0, out _);
    }

    private static void Put(SimulatedDisk disk, string path, byte[] bytes)
    {
        using var file = disk.Open(path, DiskOpenMode.Write | DiskOpenMode.CreateNew);
        if (bytes.Length > 0) file.Write(0, [bytes]);
    }

    // The end of a file that is full, with the footer: its blocks are others' business.
    private static (byte[] Bytes, SessionId Session) WalFile()
    {
        using var bench = new WalBench();
        var second = bench.Lane.PartitionOf(LaneCalls.Partition(1));
        for (var index = 0; bench.Files.Of(bench.Session).Count < 2; index++)
        {
            bench.Append(index, length: 30_000);
            bench.Append(index, length: 900_000, second);
            bench.RunAll();
        }

        var written = bench.Files.Of(bench.Session)[0];
        return (bench.Disk.Contents(written.Path)[(int)written.EndPosition..], bench.Session);
    }

    // Every block that stands where its neighbours say gets the checksum that its bytes have now.
    private static byte[] SealBlocks(byte[] bytes)
    {
        for (var at = 0; at + JournalBlock.HeaderBytes <= bytes.Length;)
        {
            if (!JournalBlock.TryRead(bytes.AsSpan(at), 1, out var block, out _) || block.StoredBytes > bytes.Length - at) break;
            block.Seal(bytes.AsSpan(at));
            at += block.StoredBytes;
        }

        return bytes;
    }

    private static byte[] SealTrailer(byte[] bytes)
    {
        const int TrailerBytes = 16;
        if (bytes.Length < TrailerBytes) return bytes;

        var trailer = bytes.AsSpan(bytes.Length - TrailerBytes);
        var stored = BinaryPrimitives.ReadInt32LittleEndian(trailer);
        var used = BinaryPrimitives.ReadInt32LittleEndian(trailer[4..]);
        if (stored >= Limits.BlockAlignment && stored <= bytes.Length && used >= 0 && used <= stored - TrailerBytes)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(trailer[8..], Crc32C.Hash(bytes.AsSpan(bytes.Length - stored, used)));
        }

        return bytes;
    }
}
