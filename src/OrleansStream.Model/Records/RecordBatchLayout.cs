namespace OrleansStream.Model.Records;

/// <summary>Where the fields of a record batch of magic 2 lie, counted from its first byte. All integers are big endian; docs/formats/record-batch.md has the whole picture.</summary>
public static class RecordBatchLayout
{
    public const int BaseOffset = 0;
    public const int BatchLength = 8;
    public const int LeaderEpoch = 12;
    public const int Magic = 16;
    public const int Crc = 17;
    public const int Attributes = 21;
    public const int LastOffsetDelta = 23;
    public const int BaseTimestamp = 27;
    public const int MaxTimestamp = 35;
    public const int ProducerId = 43;
    public const int ProducerEpoch = 51;
    public const int BaseSequence = 53;
    public const int RecordCount = 57;

    /// <summary>The first byte of the records, and so the size of the header.</summary>
    public const int Records = 61;

    /// <summary>The first byte that the batch's CRC covers. What lies before it is the broker's to change.</summary>
    public const int CrcStart = Attributes;

    /// <summary>Bytes up to the end of the length field: the length on the wire counts from here.</summary>
    public const int LengthOverhead = 12;

    /// <summary>The only magic that is stored.</summary>
    public const byte CurrentMagic = 2;

    public const short CodecMask = 0b0000_0111;
    public const short TimestampTypeBit = 0b0000_1000;
    public const short TransactionalBit = 0b0001_0000;
    public const short ControlBit = 0b0010_0000;
    public const short DeleteHorizonBit = 0b0100_0000;

    /// <summary>"None" in the fields of the producer, and the timestamp of records that have none.</summary>
    public const long None = -1;
}
