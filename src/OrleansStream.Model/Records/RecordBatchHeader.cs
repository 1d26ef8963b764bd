using System.Buffers.Binary;
using OrleansStream.Model.Compression;

namespace OrleansStream.Model.Records;

/// <summary>The 61 bytes before a batch's records, read once. Says what the bytes say and judges nothing: only a batch that passed <see cref="BatchValidator"/> or lies in a verified block can be believed.</summary>
public readonly struct RecordBatchHeader
{
    public long BaseOffset { get; private init; }

    /// <summary>As on the wire: bytes of the batch after this field. Garbage may be negative; <see cref="TotalBytes"/> is what callers mostly want.</summary>
    public int BatchLength { get; private init; }

    public int LeaderEpoch { get; private init; }

    public sbyte Magic { get; private init; }

    public uint Crc { get; private init; }

    public short Attributes { get; private init; }

    public int LastOffsetDelta { get; private init; }

    /// <summary>Milliseconds since 1970. Holds the delete horizon instead where <see cref="HasDeleteHorizon"/> is set.</summary>
    public long BaseTimestamp { get; private init; }

    /// <summary>Milliseconds since 1970; -1 if no record has a timestamp.</summary>
    public long MaxTimestamp { get; private init; }

    /// <summary>-1 if the producer is not idempotent.</summary>
    public long ProducerId { get; private init; }

    public short ProducerEpoch { get; private init; }

    /// <summary>The sequence of the first record; -1 if the producer is not idempotent.</summary>
    public int BaseSequence { get; private init; }

    /// <summary>Records in the batch. Compaction may make it smaller than the range of offsets, even 0.</summary>
    public int RecordCount { get; private init; }

    /// <summary>Bytes from the first of the batch to its last; 64 bits wide, because the length field may hold anything.</summary>
    public long TotalBytes => (long)BatchLength + RecordBatchLayout.LengthOverhead;

    public long LastOffset => BaseOffset + LastOffsetDelta;

    /// <summary>May be 5 to 7, which stand for no codec: the validator refuses those.</summary>
    public CompressionCodec Codec => (CompressionCodec)(Attributes & RecordBatchLayout.CodecMask);

    public TimestampType TimestampType => (Attributes & RecordBatchLayout.TimestampTypeBit) == 0 ? TimestampType.CreateTime : TimestampType.LogAppendTime;

    public bool IsTransactional => (Attributes & RecordBatchLayout.TransactionalBit) != 0;

    public bool IsControl => (Attributes & RecordBatchLayout.ControlBit) != 0;

    public bool HasDeleteHorizon => (Attributes & RecordBatchLayout.DeleteHorizonBit) != 0;

    public bool HasProducerId => ProducerId > RecordBatchLayout.None;

    /// <summary>The sequence of the last record: after the largest int comes 0. -1 without a producer id.</summary>
    public int LastSequence => HasProducerId ? AddToSequence(BaseSequence, LastOffsetDelta) : (int)RecordBatchLayout.None;

    /// <summary>Reads the header at the start of <paramref name="batch"/>.</summary>
    /// <param name="batch">At least <see cref="RecordBatchLayout.Records"/> bytes.</param>
    /// <param name="header">What was read.</param>
    /// <returns>False if there are too few bytes. Nothing else is checked.</returns>
    public static bool TryRead(ReadOnlySpan<byte> batch, out RecordBatchHeader header)
    {
        if (batch.Length < RecordBatchLayout.Records)
        {
            header = default;
            return false;
        }

        header = new RecordBatchHeader
        {
            BaseOffset = BinaryPrimitives.ReadInt64BigEndian(batch),
            BatchLength = BinaryPrimitives.ReadInt32BigEndian(batch[RecordBatchLayout.BatchLength..]),
            LeaderEpoch = BinaryPrimitives.ReadInt32BigEndian(batch[RecordBatchLayout.LeaderEpoch..]),
            Magic = (sbyte)batch[RecordBatchLayout.Magic],
            Crc = BinaryPrimitives.ReadUInt32BigEndian(batch[RecordBatchLayout.Crc..]),
            Attributes = BinaryPrimitives.ReadInt16BigEndian(batch[RecordBatchLayout.Attributes..]),
            LastOffsetDelta = BinaryPrimitives.ReadInt32BigEndian(batch[RecordBatchLayout.LastOffsetDelta..]),
            BaseTimestamp = BinaryPrimitives.ReadInt64BigEndian(batch[RecordBatchLayout.BaseTimestamp..]),
            MaxTimestamp = BinaryPrimitives.ReadInt64BigEndian(batch[RecordBatchLayout.MaxTimestamp..]),
            ProducerId = BinaryPrimitives.ReadInt64BigEndian(batch[RecordBatchLayout.ProducerId..]),
            ProducerEpoch = BinaryPrimitives.ReadInt16BigEndian(batch[RecordBatchLayout.ProducerEpoch..]),
            BaseSequence = BinaryPrimitives.ReadInt32BigEndian(batch[RecordBatchLayout.BaseSequence..]),
            RecordCount = BinaryPrimitives.ReadInt32BigEndian(batch[RecordBatchLayout.RecordCount..]),
        };
        return true;
    }

    /// <summary>Goes <paramref name="count"/> sequences on. Sequences are the non-negative ints in a ring.</summary>
    public static int AddToSequence(int sequence, int count) => (int)(((long)sequence + count) & int.MaxValue);
}
