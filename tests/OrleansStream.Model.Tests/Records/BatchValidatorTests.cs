using System.Buffers.Binary;
using OrleansStream.Model.Compression;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Records;
using OrleansStream.Testing.Records;

namespace OrleansStream.Model.Tests.Records;

public sealed class BatchValidatorTests
{
    private const long Now = BatchBuilder.DefaultTimestamp;
    private const long Hour = 3_600_000;

    private static readonly BatchRules Rules = new() { NowMs = Now };

    [Fact]
    public void A_sound_batch_is_accepted_as_it_is()
    {
        var batch = new BatchBuilder().Record("k", "v").At(Now + 5).Record("k", "w", ("h", "1"), ("empty", null)).At(Now).Record(null).Build();

        var verdict = BatchValidator.Validate(batch, Rules);

        Assert.Equal((ErrorCode.None, null), (verdict.Error, verdict.Message));
        Assert.Equal((HeaderChange.None, Now + 5, 1), (verdict.Change, verdict.MaxTimestamp, verdict.MaxTimestampDelta));
        Assert.Equal((batch.Length, verdict.Header.Crc), (verdict.BatchBytes, verdict.Crc));
    }

    [Fact]
    public void No_bytes_are_no_batch() => Refused([], ErrorCode.InvalidRecord);

    // Seen on Kafka 4.3.1: a batch that is cut short is no batch, wherever the cut is.
    [Fact]
    public void Every_prefix_of_a_batch_is_refused_as_no_batch()
    {
        var batch = new BatchBuilder().Records(3).Build();
        for (var length = 0; length < batch.Length; length++) Refused(batch[..length], ErrorCode.InvalidRecord);
    }

    [Fact]
    public void Every_flipped_bit_is_refused_but_for_those_that_the_broker_overwrites()
    {
        var batch = new BatchBuilder().Record("key", "value", ("h", "v")).Build();
        for (var bit = 0; bit < 8 * batch.Length; bit++)
        {
            var flipped = (byte[])batch.Clone();
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));

            var isEpoch = bit / 8 is >= RecordBatchLayout.LeaderEpoch and < RecordBatchLayout.Magic;
            Assert.Equal(isEpoch, BatchValidator.Validate(flipped, Rules).IsAccepted);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(11)]
    [InlineData(60)]
    public void Torn_bytes_after_a_whole_batch_are_ignored(int extra)
    {
        var batch = new BatchBuilder().Records(2).Build();

        var verdict = BatchValidator.Validate([.. batch, .. batch[..extra]], Rules);

        Assert.Equal((ErrorCode.None, batch.Length), (verdict.Error, verdict.BatchBytes));
    }

    [Fact]
    public void A_second_whole_batch_is_refused()
    {
        var batch = new BatchBuilder().Records(2).Build();
        Refused([.. batch, .. batch], ErrorCode.InvalidRecord);
    }

    [Fact]
    public void Bytes_after_a_batch_that_can_be_no_batch_are_corrupt()
    {
        var batch = new BatchBuilder().Records(2).Build();
        Refused([.. batch, .. new byte[12]], ErrorCode.CorruptMessage);
    }

    [Theory]
    [InlineData(0, ErrorCode.InvalidRecord)]
    [InlineData(1, ErrorCode.InvalidRecord)]
    [InlineData(3, ErrorCode.CorruptMessage)]
    [InlineData(0xFF, ErrorCode.CorruptMessage)]
    public void Other_magics_are_refused(byte magic, ErrorCode expected) =>
        Refused(new BatchBuilder().Records(1).Edit(batch => batch[RecordBatchLayout.Magic] = magic).Build(), expected);

    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(13)]
    [InlineData(14)]
    [InlineData(48)]
    public void A_length_below_the_header_is_corrupt(int length) =>
        Refused(new BatchBuilder().Records(1).Edit(batch => WriteInt32(batch, RecordBatchLayout.BatchLength, length)).Build()[..Math.Max(61, length + 12)], ErrorCode.CorruptMessage);

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public void A_base_offset_other_than_zero_is_refused(long offset) => Refused(new BatchBuilder().Records(1).BaseOffset(offset).Build(), ErrorCode.InvalidRecord);

    [Fact]
    public void The_largest_batch_passes_and_one_byte_more_does_not()
    {
        var batch = new BatchBuilder().Records(4).Build();
        Assert.True(BatchValidator.Validate(batch, new BatchRules { NowMs = Now, MaxBatchBytes = batch.Length }).IsAccepted);
        Refused(batch, ErrorCode.MessageTooLarge, new BatchRules { NowMs = Now, MaxBatchBytes = batch.Length - 1 });
        Assert.True(BatchValidator.Validate(batch, new BatchRules { NowMs = Now, MaxSegmentBytes = batch.Length }).IsAccepted);
        Refused(batch, ErrorCode.RecordListTooLarge, new BatchRules { NowMs = Now, MaxSegmentBytes = batch.Length - 1 });
    }

    [Theory]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    public void Codecs_that_do_not_exist_are_refused(byte codec) =>
        Refused(new BatchBuilder().Records(1).Codec((CompressionCodec)codec).Build(), ErrorCode.UnknownServerError);

    [Fact]
    public void Zstd_is_refused_where_the_request_is_too_old_for_it()
    {
        var batch = new BatchBuilder().Records(1).Codec(CompressionCodec.Zstd).Build();
        Assert.True(BatchValidator.Validate(batch, Rules).IsAccepted);
        Refused(batch, ErrorCode.UnsupportedCompressionType, new BatchRules { NowMs = Now, AcceptsZstd = false });
        Assert.True(BatchValidator.Validate(new BatchBuilder().Records(1).Codec(CompressionCodec.Lz4).Build(), new BatchRules { NowMs = Now, AcceptsZstd = false }).IsAccepted);
    }

    [Theory]
    [InlineData(3, 2, ErrorCode.None)]
    [InlineData(2, 1, ErrorCode.InvalidRecord)]
    [InlineData(4, 3, ErrorCode.InvalidRecord)]
    [InlineData(3, 1, ErrorCode.InvalidRecord)]
    [InlineData(3, 3, ErrorCode.InvalidRecord)]
    [InlineData(0, -1, ErrorCode.InvalidRecord)]
    [InlineData(-1, -2, ErrorCode.InvalidRecord)]
    [InlineData(int.MinValue, int.MaxValue, ErrorCode.InvalidRecord)]
    public void Count_and_last_offset_delta_must_be_those_of_the_records(int count, int lastOffsetDelta, ErrorCode expected)
    {
        var batch = new BatchBuilder().Records(3).Edit(bytes =>
        {
            WriteInt32(bytes, RecordBatchLayout.RecordCount, count);
            WriteInt32(bytes, RecordBatchLayout.LastOffsetDelta, lastOffsetDelta);
        }).Build();
        Assert.Equal(expected, BatchValidator.Validate(batch, Rules).Error);
    }

    // Kafka stores such a batch; consumers then see offsets that the records do not have.
    [Fact]
    public void Offset_deltas_must_count_up_from_zero()
    {
        const int FirstRecordBytes = 8; // length, attributes, timestamp, offset, key, value length, value, headers
        const int DeltaOfSecond = RecordBatchLayout.Records + FirstRecordBytes + 3;
        var batch = new BatchBuilder().Record("a").Record("b").Build();
        Assert.Equal(2, batch[DeltaOfSecond]);
        foreach (var delta in new byte[] { 0, 1, 4 })
        {
            batch[DeltaOfSecond] = delta;
            Refused(BatchBuilder.Seal(batch), ErrorCode.InvalidRecord);
        }
    }

    [Fact]
    public void A_batch_without_records_is_refused() => Refused(new BatchBuilder().Build(), ErrorCode.InvalidRecord);

    [Fact]
    public void A_control_batch_is_refused() => Refused(new BatchBuilder().Records(1).Control().Build(), ErrorCode.InvalidRecord);

    [Theory]
    [InlineData(-1, -1, true)]
    [InlineData(-1, 5, true)]
    [InlineData(0, 0, true)]
    [InlineData(0, -1, false)]
    [InlineData(9, int.MaxValue, true)]
    public void A_producer_needs_a_sequence(long id, int sequence, bool accepted) =>
        Assert.Equal(accepted, BatchValidator.Validate(BatchBuilder.OfProducer(id, 0, sequence).Records(1).Build(), Rules).IsAccepted);

    [Theory]
    [InlineData(Now + Hour, true)]
    [InlineData(Now + Hour + 1, false)]
    [InlineData(Now - 1000, true)]
    [InlineData(Now - 1001, false)]
    [InlineData(-1, true)]
    [InlineData(-2, false)]
    [InlineData(long.MaxValue, false)]
    public void Timestamps_must_lie_within_both_bounds_whatever_the_codec(long timestamp, bool accepted)
    {
        var rules = new BatchRules { NowMs = Now, TimestampBeforeMaxMs = 1000 };
        foreach (var codec in Enum.GetValues<CompressionCodec>())
        {
            var verdict = BatchValidator.Validate(new BatchBuilder().At(Now).Record("v").At(timestamp).Record("v").Codec(codec).Build(), rules);
            Assert.Equal(accepted ? (ErrorCode.None, -1) : (ErrorCode.InvalidTimestamp, 1), (verdict.Error, verdict.RecordIndex));
        }
    }

    [Fact]
    public void A_topic_with_append_time_asks_for_no_timestamp()
    {
        var rules = new BatchRules { NowMs = Now, TimestampBeforeMaxMs = 1000, TimestampType = TimestampType.LogAppendTime };
        var batch = new BatchBuilder().At(5).Record("v").At(Now * 3).Record("v").Build();

        var verdict = BatchValidator.Validate(batch, rules);

        Assert.Equal((HeaderChange.AppendTime, Now, 1), (verdict.Change, verdict.MaxTimestamp, verdict.MaxTimestampDelta));
        var crc = verdict.Apply(batch);
        Assert.True(RecordBatchHeader.TryRead(batch, out var header));
        Assert.Equal((TimestampType.LogAppendTime, Now, crc, Crc32C.Hash(batch.AsSpan(21))), (header.TimestampType, header.MaxTimestamp, header.Crc, crc));
    }

    [Fact]
    public void A_claimed_append_time_is_cleared_where_the_topic_has_create_time()
    {
        foreach (var codec in Enum.GetValues<CompressionCodec>())
        {
            var batch = new BatchBuilder().Records(20).LogAppendTime().Codec(codec).Build();
            var verdict = BatchValidator.Validate(batch, Rules);
            Assert.Equal((ErrorCode.None, HeaderChange.CreateTime), (verdict.Error, verdict.Change));

            Assert.Equal(Crc32C.Hash(new BatchBuilder().Records(20).Codec(codec).Build().AsSpan(21)), verdict.Apply(batch));
            Assert.Equal(HeaderChange.None, BatchValidator.Validate(batch, Rules).Change);
        }
    }

    [Fact]
    public void A_claimed_append_time_is_refused_where_the_topic_has_it_too() =>
        Refused(new BatchBuilder().Records(1).LogAppendTime().Build(), ErrorCode.InvalidTimestamp, new BatchRules { NowMs = Now, TimestampType = TimestampType.LogAppendTime });

    [Theory]
    [InlineData(CompressionCodec.None)]
    [InlineData(CompressionCodec.Gzip)]
    public void A_wrong_max_timestamp_is_put_right_where_the_records_are_walked(CompressionCodec codec)
    {
        var batch = new BatchBuilder().At(Now - 7).Records(3).Codec(codec).Edit(bytes => WriteInt64(bytes, RecordBatchLayout.MaxTimestamp, Now)).Build();

        var verdict = BatchValidator.Validate(batch, new BatchRules { NowMs = Now, Records = RecordValidation.Full });

        Assert.Equal((HeaderChange.CreateTime, Now - 7, 0), (verdict.Change, verdict.MaxTimestamp, verdict.MaxTimestampDelta));
        verdict.Apply(batch);
        Assert.Equal(new BatchBuilder().At(Now - 7).Records(3).Codec(codec).Build(), batch);
    }

    // Kafka believes the records: a header that lies about the future costs a decompression, not the batch.
    [Fact]
    public void A_compressed_batch_whose_header_alone_is_too_new_is_accepted_and_put_right()
    {
        var batch = new BatchBuilder().Records(3).Codec(CompressionCodec.Lz4).Edit(bytes => WriteInt64(bytes, RecordBatchLayout.MaxTimestamp, Now + Hour + 1)).Build();
        var verdict = BatchValidator.Validate(batch, Rules);
        Assert.Equal((ErrorCode.None, HeaderChange.CreateTime, Now), (verdict.Error, verdict.Change, verdict.MaxTimestamp));
    }

    [Fact]
    public void A_compacted_topic_needs_a_key_in_every_record_whatever_the_codec()
    {
        var rules = new BatchRules { NowMs = Now, IsCompacted = true };
        foreach (var codec in Enum.GetValues<CompressionCodec>())
        {
            Assert.True(BatchValidator.Validate(new BatchBuilder().Record("", "v").Record("k", null).Codec(codec).Build(), rules).IsAccepted);
            var verdict = BatchValidator.Validate(new BatchBuilder().Record("a", "v").Record("v").Record("v").Codec(codec).Build(), rules);
            Assert.Equal((ErrorCode.InvalidRecord, 1), (verdict.Error, verdict.RecordIndex));
        }
    }

    [Fact]
    public void A_wrong_timestamp_outweighs_a_missing_key()
    {
        var batch = new BatchBuilder().Record("v").At(Now + Hour + 1).Record("k", "v").Build();
        var verdict = BatchValidator.Validate(batch, new BatchRules { NowMs = Now, IsCompacted = true });
        Assert.Equal((ErrorCode.InvalidTimestamp, 1), (verdict.Error, verdict.RecordIndex));
    }

    // What the default lets through, and only the default.
    [Fact]
    public void Garbage_under_a_codec_is_found_where_records_are_walked()
    {
        var batch = new BatchBuilder().Records(3).Codec(CompressionCodec.Gzip).Edit(bytes => bytes.AsSpan(RecordBatchLayout.Records).Fill(0x5A)).Build();
        Assert.True(BatchValidator.Validate(batch, Rules).IsAccepted);
        Refused(batch, ErrorCode.UnknownServerError, new BatchRules { NowMs = Now, Records = RecordValidation.Full });
        Refused(batch, ErrorCode.UnknownServerError, new BatchRules { NowMs = Now, IsCompacted = true });
    }

    [Fact]
    public void Decompressed_records_may_have_as_many_bytes_as_the_rules_allow()
    {
        var plain = new BatchBuilder().Records(1000, valueBytes: 200).Build().Length - RecordBatchLayout.Records;
        foreach (var codec in Enum.GetValues<CompressionCodec>().Where(codec => codec != CompressionCodec.None))
        {
            var batch = new BatchBuilder().Records(1000, valueBytes: 200).Codec(codec).Build();
            Assert.True(BatchValidator.Validate(batch, new BatchRules { NowMs = Now, Records = RecordValidation.Full, MaxDecompressedBytes = plain }).IsAccepted, codec.ToString());
            Refused(batch, ErrorCode.MessageTooLarge, new BatchRules { NowMs = Now, Records = RecordValidation.Full, MaxDecompressedBytes = plain - 1 });
        }
    }

    [Fact]
    public void Damage_to_any_byte_of_the_records_never_throws_even_under_a_right_checksum()
    {
        var sound = new BatchBuilder().Record("key", "value", ("h", "v"), ("n", null)).Record(null).Record("k", new string('x', 200)).Build();
        for (var at = RecordBatchLayout.Records; at < sound.Length; at++)
        {
            for (var value = 0; value < 256; value++)
            {
                var batch = (byte[])sound.Clone();
                batch[at] = (byte)value;
                Assert.True(BatchValidator.Validate(BatchBuilder.Seal(batch), Rules).Error is ErrorCode.None or ErrorCode.InvalidRecord or ErrorCode.InvalidTimestamp);
            }
        }
    }

    [Fact]
    public void Validating_a_batch_that_is_not_compressed_allocates_nothing()
    {
        var batch = new BatchBuilder().Records(100, valueBytes: 100).Build();
        BatchValidator.Validate(batch, Rules);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++) BatchValidator.Validate(batch, Rules);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static void Refused(byte[] bytes, ErrorCode expected, BatchRules? rules = null)
    {
        var verdict = BatchValidator.Validate(bytes, rules ?? Rules);
        Assert.Equal(expected, verdict.Error);
        Assert.False(string.IsNullOrEmpty(verdict.Message));
    }

    private static void WriteInt32(byte[] batch, int at, int value) => BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(at), value);

    private static void WriteInt64(byte[] batch, int at, long value) => BinaryPrimitives.WriteInt64BigEndian(batch.AsSpan(at), value);
}
