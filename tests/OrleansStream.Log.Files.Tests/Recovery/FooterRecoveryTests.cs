using System.Buffers.Binary;
using OrleansStream.Log.Files.Recovery;
using OrleansStream.Log.Files.Tests.Wal;
using OrleansStream.Log.Files.Wal;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Model;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Records;
using OrleansStream.Testing.Disks;
using OrleansStream.Testing.Lanes;
using OrleansStream.Testing.Storage;

namespace OrleansStream.Log.Files.Tests.Recovery;

/// <summary>A start believes the footers of closed files. What is wrong with one must cost time, and never an offset.</summary>
public sealed class FooterRecoveryTests : IDisposable
{
    private const int TrailerBytes = 16;

    // A scan reads one window of 256 KiB after the other; a footer is read beside two headers.
    private const int ReadsWithFooter = 6;

    private static readonly PartitionId[] Partitions = [LaneCalls.Partition(0), LaneCalls.Partition(1)];

    // Small, since each case recovers it anew: a megabyte of blocks, more than a window of the reader.
    private readonly WalBench _bench = new(
        new FileLaneOptions { FileBytes = 2 * Limits.MiB, BlockBytes = 64 * Limits.KiB, ReserveBytes = 0, ZeroAhead = false }, largestBlockBytes: 256 * Limits.KiB);
    private readonly Dictionary<PartitionId, List<WalExtent>> _truth;
    private readonly SimulatedDisk _left;
    private readonly string _path;
    private readonly long _footer;
    private readonly long _length;

    public FooterRecoveryTests()
    {
        _bench.Sessions.CompareAndSetAsync(new SessionRecord(_bench.Session, SessionState.Open, Slot.Zero, null), null, Token).AsTask().Wait(Token);
        var second = _bench.Lane.PartitionOf(Partitions[1]);
        for (var i = 0; _bench.Files.Of(_bench.Session).Count < 2; i++)
        {
            _bench.Append(i, length: 300);
            _bench.Append(i, length: 30_000, second);
            _bench.RunAll();
        }

        _truth = Partitions.ToDictionary(static partition => partition, partition => _bench.Extents(_bench.Lane.PartitionOf(partition)));
        var file = _bench.Files.Of(_bench.Session)[0];
        (_path, _footer) = (file.Path, file.EndPosition);
        _left = _bench.Disk.Kill();
        _length = _left.Contents(_path).Length;
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task F5_a_file_with_a_footer_is_recovered_from_it_and_its_blocks_are_not_read()
    {
        var reads = await RecoverAsync(_left.Kill());
        Assert.InRange(reads, 1, ReadsWithFooter);
    }

    public static TheoryData<string> Damages => [.. Wrongs.Keys];

    [Theory, MemberData(nameof(Damages))]
    public async Task F5_a_footer_that_is_damaged_or_another_one_s_gives_way_to_the_blocks(string damage)
    {
        var disk = _left.Kill();
        var footer = _left.Contents(_path)[(int)_footer..];
        Wrongs[damage](footer);
        Write(disk, footer);
        var reads = await RecoverAsync(disk);
        Assert.True(reads > ReadsWithFooter, $"{reads} reads are too few for a scan.");
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task F5_a_footer_that_is_torn_at_any_sector_gives_way_to_the_blocks(bool isCut)
    {
        for (var at = _footer; at < _length; at += 512)
        {
            var disk = _left.Kill();
            using (var file = disk.Open(_path, DiskOpenMode.Write))
            {
                if (isCut) file.Truncate(at);
                else file.Write(at, [new byte[_length - at]]);
            }

            Assert.True(await RecoverAsync(disk) > ReadsWithFooter);
        }
    }

    // What stood in the file before it was used again: as a whole, or the end of it behind a shorter footer.
    [Fact]
    public async Task F5_a_footer_of_an_earlier_life_of_the_file_gives_way_to_the_blocks()
    {
        var disk = _left.Kill();
        var stale = _left.Contents(_path)[(int)_footer..];
        BinaryPrimitives.WriteUInt64LittleEndian(stale.AsSpan(16), new SessionId(new BrokerId(1), Guid.NewGuid()).Hash);
        Seal(stale);
        using (var file = disk.Open(_path, DiskOpenMode.Write)) file.Write(_length, [stale]);

        Assert.True(await RecoverAsync(disk) > ReadsWithFooter);
    }

    private static readonly Dictionary<string, Action<byte[]>> Wrongs = new()
    {
        ["magic"] = static footer => footer[0] ^= 1,
        ["magic of the trailer"] = static footer => footer[^1] ^= 1,
        ["checksum"] = static footer => footer[^8] ^= 1,
        ["a byte of a run"] = static footer => footer[UsedOf(footer) - 40] ^= 1,
        ["version"] = static footer => Change(footer, static it => it[4] = 2),
        ["longer than the file"] = static footer => BinaryPrimitives.WriteInt32LittleEndian(footer.AsSpan(footer.Length - TrailerBytes), 1 << 30),
        ["negative length"] = static footer => BinaryPrimitives.WriteInt32LittleEndian(footer.AsSpan(footer.Length - TrailerBytes), -4096),
        ["longer than itself"] = static footer => BinaryPrimitives.WriteInt32LittleEndian(footer.AsSpan(footer.Length - TrailerBytes + 4), footer.Length),
        ["another file's"] = static footer => Change(footer, static it => it[8] ^= 1),
        ["another session's"] = static footer => Change(footer, static it => it[16] ^= 1),
        ["no slots"] = static footer => Change(footer, static it => BinaryPrimitives.WriteInt32LittleEndian(it.AsSpan(12), 0)),
        ["more slots than bytes"] = static footer => Change(footer, static it => BinaryPrimitives.WriteInt32LittleEndian(it.AsSpan(12), int.MaxValue)),
        ["more partitions than bytes"] = static footer => Change(footer, static it => BinaryPrimitives.WriteInt32LittleEndian(it.AsSpan(56), int.MaxValue)),
        ["another first slot"] = static footer => Change(footer, static it => it[24] ^= 1),
        ["blocks that end elsewhere"] = static footer => Change(footer, static it => BinaryPrimitives.WriteInt64LittleEndian(it.AsSpan(32), BinaryPrimitives.ReadInt64LittleEndian(it.AsSpan(32)) - 4096)),
        ["another block before the first"] = static footer => Change(footer, static it => it[48] ^= 1),
        ["another last block"] = static footer => Change(footer, static it => it[52] ^= 1),
        ["pages that do not rise"] = static footer => Change(footer, static it => BinaryPrimitives.WriteUInt32LittleEndian(it.AsSpan(68), 0)),
        ["a run outside its slots"] = static footer => Change(footer, static it => BinaryPrimitives.WriteInt64LittleEndian(it.AsSpan(UsedOf(it) - 40), 1 << 20)),
        ["a run that ends before it begins"] = static footer => Change(footer, static it => BinaryPrimitives.WriteInt64LittleEndian(it.AsSpan(UsedOf(it) - 24), -5)),
    };

    private static int UsedOf(byte[] footer) => BinaryPrimitives.ReadInt32LittleEndian(footer.AsSpan(footer.Length - TrailerBytes + 4));

    private static void Change(byte[] footer, Action<byte[]> change)
    {
        change(footer);
        Seal(footer);
    }

    private static void Seal(byte[] footer) => BinaryPrimitives.WriteUInt32LittleEndian(footer.AsSpan(footer.Length - 8), Crc32C.Hash(footer.AsSpan(0, UsedOf(footer))));

    private void Write(SimulatedDisk disk, byte[] footer)
    {
        using var file = disk.Open(_path, DiskOpenMode.Write);
        file.Write(_footer, [footer]);
    }

    // Recovers, compares every offset and slot with what the lane knew, and returns how often the closed file was read.
    private async Task<int> RecoverAsync(SimulatedDisk disk)
    {
        var reads = 0;
        disk.Observer = call => reads += call.Operation == DiskOperation.Read && call.Path == _path ? 1 : 0;
        var sessions = new MemorySessionStore();
        await sessions.CompareAndSetAsync(new SessionRecord(_bench.Session, SessionState.Open, Slot.Zero, null), null, Token);
        using var oneThread = new Log.Files.Metadata.DedicatedThreadScheduler("test");
        var recovery = await FileLaneRecovery.StartAsync(
            new FileLaneRecoverySetup { Disk = disk, Sessions = sessions, Manifests = new MemoryManifestStore(), Files = new WalFiles(), Scheduler = oneThread, Time = _bench.Time },
            Token);
        foreach (var (partition, known) in _truth)
        {
            var found = await recovery.FramesOfAsync(_bench.Session, partition, Token);
            Assert.Equal(OffsetsOf(known), OffsetsOf(found));
        }

        Assert.Equal(_bench.Lane.PublishedEnd, Assert.Single(recovery.Sessions).End);
        return reads;
    }

    // Runs may be cut in other places than the lane index cuts them; which offset stands where may not differ.
    private static (Offset First, Offset End, long Bytes, Slot Lowest, Slot Highest) OffsetsOf(IReadOnlyList<WalExtent> extents)
    {
        for (var i = 1; i < extents.Count; i++) Assert.Equal(extents[i - 1].LastOffset + 1, extents[i].BaseOffset);
        return (extents[0].BaseOffset, extents[^1].LastOffset + 1, extents.Sum(static extent => extent.Bytes), extents[0].FirstSlot, extents[^1].LastSlot);
    }
}
