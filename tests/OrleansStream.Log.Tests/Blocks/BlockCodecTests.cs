using System.Buffers.Binary;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Tests.Lanes;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Records;

namespace OrleansStream.Log.Tests.Blocks;

public sealed class BlockCodecTests
{
    [Fact]
    public void A_block_reads_back_as_it_was_written()
    {
        var (stored, bench) = BlockOf(frames: 3);
        Assert.True(BlockCodec.TryReadDirectory(stored, out var header, out var directory, out var problem), problem);
        Assert.Equal((3, bench.Lane.Session.Hash, Slot.Zero, 3, 4096), (header.ClusterGeneration, header.SessionHash, header.Slot, header.FrameCount, header.StoredBytes));
        Assert.Equal([0L, 1L, 2L], directory.ToArray().Select(entry => entry.BaseOffset.Value));
        Assert.Equal(96, directory[0].Position);
        Assert.Null(BlockCodec.Verify(stored));
    }

    // The directory is read in place, so the struct in memory and the table in docs/formats/block.md must be the same thing.
    [Fact]
    public void An_entry_in_memory_has_the_layout_of_an_entry_on_disk()
    {
        Assert.True(BlockLayout.IsNative);
        var entry = new FrameEntry
        {
            Partition = new PartitionId(new TopicId(Guid.Parse("00112233-4455-6677-8899-aabbccddeeff")), 0x01020304),
            Epoch = new LeaderEpoch(0x11121314),
            BaseOffset = new Offset(0x2122232425262728),
            LastOffset = new Offset(0x3132333435363738),
            MaxTimestampMs = 0x4142434445464748,
            Position = 0x51525354,
            Length = 0x61626364,
            Kind = FrameKind.Journal,
            Checksum = 0x71727374,
        };
        var bytes = new byte[BlockLayout.EntryBytes];
        BlockCodec.WriteEntry(bytes, entry);
        Assert.Equal(entry, System.Runtime.InteropServices.MemoryMarshal.Read<FrameEntry>(bytes));
        Assert.Equal("33221100554477668899AABBCCDDEEFF0403020114131211282726252423222138373635343332314847464544434241545352516463626102000000" + "74737271", Convert.ToHexString(bytes));
    }

    [Fact]
    public void Every_flipped_byte_of_a_block_is_found()
    {
        var (stored, _) = BlockOf(frames: 2, length: 37);
        for (var at = 0; at < stored.Length; at++)
        {
            foreach (var mask in (byte[])[0x01, 0x80, 0xFF])
            {
                stored[at] ^= mask;
                Assert.True(BlockCodec.Verify(stored) is not null, $"Byte {at} with mask {mask:x2} went unseen.");
                stored[at] ^= mask;
            }
        }
    }

    [Fact]
    public void Every_cut_of_a_block_is_found()
    {
        var (stored, _) = BlockOf(frames: 2);
        for (var length = 0; length < stored.Length; length++) Assert.NotNull(BlockCodec.Verify(stored.AsSpan(0, length)));
    }

    // Lengths decide what is read next, before a checksum can be known.
    [Theory]
    [InlineData(44, 0), InlineData(44, 4095), InlineData(44, 4097), InlineData(44, 8192), InlineData(44, (16 << 20) + 4096), InlineData(44, -4096), InlineData(44, int.MaxValue)]
    [InlineData(64, 0), InlineData(64, 95), InlineData(64, 97), InlineData(64, 4104), InlineData(64, -8), InlineData(64, int.MaxValue)]
    [InlineData(68, -1), InlineData(68, 1000), InlineData(68, int.MaxValue), InlineData(68, 1 << 26)]
    public void A_header_with_an_impossible_length_is_refused_before_anything_is_read_by_it(int position, int value)
    {
        var (stored, _) = BlockOf(frames: 2);
        BinaryPrimitives.WriteInt32LittleEndian(stored.AsSpan(position), value);
        Assert.False(BlockCodec.TryReadHeader(stored, out _, out var problem));
        Assert.NotNull(problem);
    }

    // A checksum that fits does not make an entry sane: whoever wrote it may have been wrong, or malicious.
    [Theory, InlineData(48, 97), InlineData(48, -1), InlineData(52, -1), InlineData(52, int.MaxValue), InlineData(52, 4096), InlineData(24, 1)]
    public void An_entry_that_reaches_outside_its_place_is_refused_though_the_checksum_fits(int position, int value)
    {
        var (stored, _) = BlockOf(frames: 1);
        BlockCodec.TryReadHeader(stored, out var header, out _);
        BinaryPrimitives.WriteInt32LittleEndian(stored.AsSpan(header.DirectoryPosition + position), value);
        BlockCodec.Seal(stored, header);
        Assert.Contains("entry 0", BlockCodec.Verify(stored), StringComparison.Ordinal);
    }

    [Fact]
    public void A_newer_version_is_named_as_such()
    {
        var (stored, _) = BlockOf(frames: 1);
        stored[4] = 2;
        Assert.Contains("version 2", BlockCodec.Verify(stored), StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_frame_is_named_with_partition_offsets_and_position()
    {
        var (stored, bench) = BlockOf(frames: 3);
        stored[96 + 100 + 5] ^= 1;
        var problem = BlockCodec.Verify(stored);
        Assert.Contains($"partition {bench.Partition.Partition}, offsets 1 to 1, at byte 196", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_frame_is_verified_by_its_own_entry_alone()
    {
        var (stored, _) = BlockOf(frames: 3);
        BlockCodec.TryReadDirectory(stored, out _, out var directory, out _);
        foreach (var entry in directory) Assert.Equal(entry.Checksum, Crc32C.Hash(stored.AsSpan(entry.Position, entry.Length)));
    }

    private static (byte[] Stored, LaneBench Bench) BlockOf(int frames, int length = 100)
    {
        using var bench = new LaneBench(setup => setup with { BlockBytes = 1 << 20 });
        for (var i = 0; i < frames; i++) Assert.Equal(Log.Lanes.EnqueueStatus.Accepted, bench.Append(i, length));
        bench.RunAll();
        return (Assert.Single(bench.Store.Blocks).Bytes, bench);
    }
}
