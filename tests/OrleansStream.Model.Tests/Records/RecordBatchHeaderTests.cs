using OrleansStream.Model.Compression;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Records;
using OrleansStream.Testing.Records;

namespace OrleansStream.Model.Tests.Records;

public sealed class RecordBatchHeaderTests
{
    // Two records without keys, "a" and "bc". Laid out by hand, so that builder and reader cannot agree on an error.
    private const string Handmade =
        "0000000000000000" + "00000041" + "FFFFFFFF" + "02" + "00000000" + "0018" + "00000001" + "000001700000000A" + "000001700000000B"
        + "00000000000003E9" + "0007" + "7FFFFFFF" + "00000002" + "0E" + "0000000102" + "6100" + "10" + "0002020104" + "626300";

    [Fact]
    public void Every_field_is_read_from_its_place()
    {
        Assert.True(RecordBatchHeader.TryRead(Convert.FromHexString(Handmade), out var header));
        Assert.Equal((0L, 0x41, -1, (sbyte)2, 0u), (header.BaseOffset, header.BatchLength, header.LeaderEpoch, header.Magic, header.Crc));
        Assert.Equal((CompressionCodec.None, TimestampType.LogAppendTime, true, false, false), (header.Codec, header.TimestampType, header.IsTransactional, header.IsControl, header.HasDeleteHorizon));
        Assert.Equal((1, 0x1700000000AL, 0x1700000000BL, 2), (header.LastOffsetDelta, header.BaseTimestamp, header.MaxTimestamp, header.RecordCount));
        Assert.Equal((1001L, (short)7, int.MaxValue, 0), (header.ProducerId, header.ProducerEpoch, header.BaseSequence, header.LastSequence));
        Assert.Equal((77L, 1L), (header.TotalBytes, header.LastOffset));
    }

    [Fact]
    public void Sixty_bytes_are_too_few_for_a_header()
    {
        Assert.False(RecordBatchHeader.TryRead(new byte[RecordBatchLayout.Records - 1], out _));
        Assert.True(RecordBatchHeader.TryRead(new byte[RecordBatchLayout.Records], out _));
    }

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(int.MaxValue, 1, 0)]
    [InlineData(int.MaxValue - 1, 1, int.MaxValue)]
    [InlineData(int.MaxValue, int.MaxValue, int.MaxValue - 1)]
    public void Sequences_run_in_a_ring(int sequence, int count, int expected) => Assert.Equal(expected, RecordBatchHeader.AddToSequence(sequence, count));

    [Fact]
    public void Placing_a_batch_leaves_its_checksum_right()
    {
        var batch = new BatchBuilder().Records(3).Build();
        RecordBatchPatch.Place(batch, new Offset(long.MaxValue - 5), new LeaderEpoch(12));

        Assert.True(RecordBatchHeader.TryRead(batch, out var header));
        Assert.Equal((long.MaxValue - 5, long.MaxValue - 3, 12), (header.BaseOffset, header.LastOffset, header.LeaderEpoch));
        Assert.Equal(Crc32C.Hash(batch.AsSpan(RecordBatchLayout.CrcStart)), header.Crc);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(5000)]
    public void The_checksum_after_a_change_of_timestamp_is_that_of_the_changed_bytes(int records)
    {
        var batch = new BatchBuilder().Records(records).Build();
        foreach (var (type, timestamp) in new[] { (TimestampType.LogAppendTime, 5L), (TimestampType.CreateTime, -1L), (TimestampType.CreateTime, long.MaxValue) })
        {
            var crc = RecordBatchPatch.SetTimestamp(batch, type, timestamp);
            Assert.True(RecordBatchHeader.TryRead(batch, out var header));
            Assert.Equal((type, timestamp, crc), (header.TimestampType, header.MaxTimestamp, header.Crc));
            Assert.Equal(Crc32C.Hash(batch.AsSpan(RecordBatchLayout.CrcStart)), crc);
        }
    }
}
