using System.Buffers.Binary;
using OrleansStream.Model.Compression;
using OrleansStream.Model.Errors;

namespace OrleansStream.Model.Records;

/// <summary>Judges what a client sent for one partition, in the order and with the codes of Apache Kafka; docs/formats/record-batch.md has the table. Pure: no clock, no state, no exception, and no allocation for a sound batch that needs no decompression.</summary>
public static class BatchValidator
{
    // The smallest length that any message format ever had. Below it Kafka calls the bytes corrupt before it looks further.
    private const int SmallestLength = 14;

    /// <summary>Validates the bytes of one partition of a produce request.</summary>
    /// <param name="bytes">As sent: one batch, perhaps with bytes behind it. Only read.</param>
    /// <param name="rules">What topic and request demand.</param>
    /// <returns>Accepted, with what must be changed before storing; or the code for the answer.</returns>
    public static BatchVerdict Validate(ReadOnlySpan<byte> bytes, in BatchRules rules)
    {
        if (FindBatch(bytes, out var batchBytes) is not ErrorCode.None and var frameError) return FrameFault(frameError, bytes);

        var batch = bytes[..batchBytes];
        if (batch[RecordBatchLayout.Magic] != RecordBatchLayout.CurrentMagic)
            return Invalid($"The batch has magic {batch[RecordBatchLayout.Magic]}; only magic {RecordBatchLayout.CurrentMagic} is stored.");
        if (!rules.AcceptsZstd && (batch[RecordBatchLayout.Attributes + 1] & RecordBatchLayout.CodecMask) == (int)CompressionCodec.Zstd)
            return BatchVerdict.Refused(ErrorCode.UnsupportedCompressionType, "Requests of this version may not carry zstd.");

        // A torn batch behind the first one is ignored; a second whole one, or bytes that can be none, is refused.
        var rest = bytes[batchBytes..];
        if (FindBatch(rest, out _) is not ErrorCode.InvalidRecord and var restError)
            return restError == ErrorCode.None ? Invalid("More than one batch was sent for the partition; exactly one is wanted.") : FrameFault(restError, rest);
        if (BinaryPrimitives.ReadInt64BigEndian(batch) is not 0 and var baseOffset)
            return Invalid($"The base offset of a produced batch must be 0; it is {baseOffset}.");
        if (batchBytes > Math.Min(rules.MaxBatchBytes, rules.MaxSegmentBytes)) return SizeFault(batchBytes, rules);
        if (!RecordBatchHeader.TryRead(batch, out var header))
            return BatchVerdict.Refused(ErrorCode.CorruptMessage, $"The batch has {batchBytes} bytes; its header alone takes {RecordBatchLayout.Records}.");

        var crc = Crc32C.Hash(batch[RecordBatchLayout.CrcStart..]);
        if (crc != header.Crc) return BatchVerdict.Refused(ErrorCode.CorruptMessage, $"The checksum of the batch is {crc:x8}; its header says {header.Crc:x8}.");
        return IsPlausible(header) ? JudgeRecords(batch, header, rules) : HeaderFault(header);
    }

    // Kafka reads batch after batch from the bytes. One that is not all there is none (InvalidRecord), one that cannot be is corrupt.
    private static ErrorCode FindBatch(ReadOnlySpan<byte> bytes, out int batchBytes)
    {
        batchBytes = 0;
        if (bytes.Length < RecordBatchLayout.LengthOverhead) return ErrorCode.InvalidRecord;

        var length = BinaryPrimitives.ReadInt32BigEndian(bytes[RecordBatchLayout.BatchLength..]);
        if (length < SmallestLength) return ErrorCode.CorruptMessage;
        if (bytes.Length <= RecordBatchLayout.Magic) return ErrorCode.InvalidRecord;
        if (bytes[RecordBatchLayout.Magic] > RecordBatchLayout.CurrentMagic) return ErrorCode.CorruptMessage;
        if (length > bytes.Length - RecordBatchLayout.LengthOverhead) return ErrorCode.InvalidRecord;

        batchBytes = length + RecordBatchLayout.LengthOverhead;
        return ErrorCode.None;
    }

    private static BatchVerdict FrameFault(ErrorCode error, ReadOnlySpan<byte> bytes)
    {
        if (error == ErrorCode.InvalidRecord) return Invalid($"The {bytes.Length} bytes sent hold no whole batch; exactly one is wanted.");

        var length = BinaryPrimitives.ReadInt32BigEndian(bytes[RecordBatchLayout.BatchLength..]);
        return BatchVerdict.Refused(error, length < SmallestLength
            ? $"The length of a batch is {length}; none is below {SmallestLength}."
            : $"A batch has magic {(sbyte)bytes[RecordBatchLayout.Magic]}, which no format has.");
    }

    private static BatchVerdict SizeFault(int batchBytes, in BatchRules rules) => batchBytes > rules.MaxBatchBytes
        ? BatchVerdict.Refused(ErrorCode.MessageTooLarge, $"The batch has {batchBytes} bytes; max.message.bytes is {rules.MaxBatchBytes}.")
        : BatchVerdict.Refused(ErrorCode.RecordListTooLarge, $"The batch has {batchBytes} bytes; segment.bytes is {rules.MaxSegmentBytes}.");

    private static bool IsPlausible(in RecordBatchHeader header) =>
        header.Codec <= CompressionCodec.Zstd && header.RecordCount > 0 && header.LastOffsetDelta == header.RecordCount - 1
        && !header.IsControl && !(header.HasProducerId && header.BaseSequence < 0);

    private static BatchVerdict HeaderFault(in RecordBatchHeader header)
    {
        if (header.Codec > CompressionCodec.Zstd)
            return BatchVerdict.Refused(ErrorCode.UnknownServerError, $"The batch has codec {(int)header.Codec}; known are 0 to {(int)CompressionCodec.Zstd}.");
        if (header.RecordCount <= 0) return Invalid($"The batch says that it has {header.RecordCount} records; at least one is wanted.");
        if (header.LastOffsetDelta != header.RecordCount - 1)
            return Invalid($"The last offset delta of the batch is {header.LastOffsetDelta}; with {header.RecordCount} records it must be {header.RecordCount - 1}.");
        return header.IsControl
            ? Invalid("Clients may not write control batches.")
            : Invalid($"The batch of producer {header.ProducerId} has base sequence {header.BaseSequence}; it must not be negative.");
    }

    private static BatchVerdict JudgeRecords(ReadOnlySpan<byte> batch, in RecordBatchHeader header, in BatchRules rules)
    {
        // Kafka lets the claim pass on CreateTime topics only, where it clears it.
        if (header.TimestampType == TimestampType.LogAppendTime && rules.TimestampType == TimestampType.LogAppendTime)
            return BatchVerdict.Refused(ErrorCode.InvalidTimestamp, "A producer may not set the timestamp type LogAppendTime.", 0);

        var walk = new RecordWalk(header, rules);
        var records = batch[RecordBatchLayout.Records..];
        if (header.Codec == CompressionCodec.None)
        {
            walk.Run(records);
        }
        else if (!NeedsWalk(header, rules))
        {
            return Accepted(batch.Length, header, rules, header.MaxTimestamp, -1);
        }
        else
        {
            using var plain = RecordDecompressor.Decompress(header.Codec, records, rules.MaxDecompressedBytes);
            if (DecompressionFault(plain, header, rules) is { } fault) return fault;
            walk.Run(plain.Bytes);
        }

        return walk.IsSound ? Accepted(batch.Length, header, rules, walk.MaxTimestamp, walk.MaxTimestampDelta) : RecordFault(walk, header, rules);
    }

    // The header's max timestamp can clear all records of being too new, never of being too old. Where it looks too new the walk decides,
    // because Kafka believes the records rather than the header.
    private static bool NeedsWalk(in RecordBatchHeader header, in BatchRules rules)
    {
        if (rules.Records == RecordValidation.Full || rules.IsCompacted) return true;
        if (rules.TimestampType == TimestampType.LogAppendTime) return false;
        return rules.TimestampBeforeMaxMs != long.MaxValue || rules.NowMs - header.MaxTimestamp < -rules.TimestampAfterMaxMs;
    }

    private static BatchVerdict Accepted(int batchBytes, in RecordBatchHeader header, in BatchRules rules, long maxTimestamp, int maxTimestampDelta)
    {
        var change = rules.TimestampType == TimestampType.LogAppendTime ? HeaderChange.AppendTime
            : header.TimestampType == TimestampType.LogAppendTime || maxTimestamp != header.MaxTimestamp ? HeaderChange.CreateTime
            : HeaderChange.None;
        return new BatchVerdict
        {
            RecordIndex = -1,
            Header = header,
            BatchBytes = batchBytes,
            Crc = header.Crc,
            Change = change,
            MaxTimestamp = change == HeaderChange.AppendTime ? rules.NowMs : maxTimestamp,
            MaxTimestampDelta = change == HeaderChange.AppendTime ? header.LastOffsetDelta : maxTimestampDelta,
        };
    }

    private static BatchVerdict? DecompressionFault(in DecompressedRecords plain, in RecordBatchHeader header, in BatchRules rules) => plain.Outcome switch
    {
        DecompressionOutcome.Done => null,
        // A producer that hears this code splits its batch, which is just what helps.
        DecompressionOutcome.TooLarge => BatchVerdict.Refused(ErrorCode.MessageTooLarge, $"Decompressed, the records of the batch exceed {rules.MaxDecompressedBytes} bytes."),
        _ => BatchVerdict.Refused(ErrorCode.UnknownServerError, $"The records of the batch are no {header.Codec} data."),
    };

    private static BatchVerdict RecordFault(in RecordWalk walk, in RecordBatchHeader header, in BatchRules rules)
    {
        if (walk.DamagedRecord == header.RecordCount) return Invalid($"Bytes are left after the {header.RecordCount} records that the batch says it has.");
        if (walk.DamagedRecord >= 0) return Invalid($"Record {walk.DamagedRecord} of the batch is damaged, or its offset delta is not {walk.DamagedRecord}.");
        if (walk.MistimedRecord >= 0)
        {
            return BatchVerdict.Refused(
                ErrorCode.InvalidTimestamp,
                $"Timestamp {walk.MistimedTimestamp} of record {walk.MistimedRecord} is out of range: now is {rules.NowMs}, message.timestamp.before.max.ms is {rules.TimestampBeforeMaxMs}, message.timestamp.after.max.ms is {rules.TimestampAfterMaxMs}.",
                walk.MistimedRecord);
        }

        return BatchVerdict.Refused(ErrorCode.InvalidRecord, $"Record {walk.KeylessRecord} has no key, which a compacted topic does not accept.", walk.KeylessRecord);
    }

    private static BatchVerdict Invalid(string message) => BatchVerdict.Refused(ErrorCode.InvalidRecord, message);
}
