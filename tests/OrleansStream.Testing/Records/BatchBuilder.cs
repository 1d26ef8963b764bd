using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using OrleansStream.Model.Compression;
using OrleansStream.Model.Records;

namespace OrleansStream.Testing.Records;

/// <summary>
/// Makes record batches as clients send them. Say what matters to the test, nothing else:
/// <code>
/// var batch = new BatchBuilder().Record("key", "value").Build();
/// var large = new BatchBuilder().Records(1000, valueBytes: 100).Codec(CompressionCodec.Zstd).Build();
/// var third = BatchBuilder.OfProducer(id: 7, epoch: 0, sequence: 2).Record("v").Build();
/// var wrong = new BatchBuilder().Record("v").Edit(bytes => bytes[RecordBatchLayout.Magic] = 1).Build();
/// </code>
/// Records get offset deltas 0, 1, 2... and the timestamp of <see cref="At"/> unless told otherwise. The CRC is right, also after <see cref="Edit"/>;
/// damage to a built array keeps the old CRC, and <see cref="Seal"/> makes it right again.
/// </summary>
public sealed class BatchBuilder
{
    /// <summary>The timestamp of records that name none: 2023-11-14T22:13:20Z.</summary>
    public const long DefaultTimestamp = 1_700_000_000_000;

    private readonly List<BuiltRecord> _records = [];
    private readonly List<Action<byte[]>> _edits = [];
    private long _timestamp = DefaultTimestamp;
    private long _baseOffset;
    private CompressionCodec _codec;
    private bool _bareSnappy;
    private short _flags;
    private (long Id, short Epoch, int Sequence) _producer = (-1, -1, -1);

    public static BatchBuilder OfProducer(long id, short epoch, int sequence) => new BatchBuilder().Producer(id, epoch, sequence);

    /// <summary>The timestamp of the records that follow, in milliseconds since 1970; -1 for none. The first record's is the batch's base.</summary>
    public BatchBuilder At(long timestamp)
    {
        _timestamp = timestamp;
        return this;
    }

    /// <summary>Adds a record without a key.</summary>
    public BatchBuilder Record(string? value) => Record((byte[]?)null, Bytes(value));

    [OverloadResolutionPriority(1)] // So that Record(null, null) means something.
    public BatchBuilder Record(string? key, string? value, params (string Key, string? Value)[] headers) => Record(Bytes(key), Bytes(value), headers);

    public BatchBuilder Record(byte[]? key, byte[]? value, params (string Key, string? Value)[] headers)
    {
        _records.Add(new BuiltRecord(key, value, _timestamp, [.. headers.Select(header => (Encoding.UTF8.GetBytes(header.Key), Bytes(header.Value)))]));
        return this;
    }

    /// <summary>Adds records without keys whose values are easy to tell apart: record i starts with i as text.</summary>
    public BatchBuilder Records(int count, int valueBytes = 10)
    {
        for (var i = 0; i < count; i++)
        {
            var value = new byte[valueBytes];
            for (var at = 0; at < valueBytes; at++) value[at] = (byte)('a' + ((i + at) % 26));
            var number = Encoding.ASCII.GetBytes(_records.Count.ToString(CultureInfo.InvariantCulture));
            number.AsSpan(0, Math.Min(number.Length, valueBytes)).CopyTo(value);
            Record((byte[]?)null, value);
        }

        return this;
    }

    public BatchBuilder Codec(CompressionCodec codec)
    {
        _codec = codec;
        return this;
    }

    /// <summary>One snappy block without Java's framing, as some C clients send.</summary>
    public BatchBuilder BareSnappy()
    {
        _bareSnappy = true;
        return Codec(CompressionCodec.Snappy);
    }

    public BatchBuilder Producer(long id, short epoch, int sequence)
    {
        _producer = (id, epoch, sequence);
        return this;
    }

    public BatchBuilder Transactional() => Flag(RecordBatchLayout.TransactionalBit);

    public BatchBuilder Control() => Flag(RecordBatchLayout.ControlBit);

    /// <summary>The timestamp type that a producer must not claim.</summary>
    public BatchBuilder LogAppendTime() => Flag(RecordBatchLayout.TimestampTypeBit);

    /// <summary>Clients send 0; the log stores something else.</summary>
    public BatchBuilder BaseOffset(long offset)
    {
        _baseOffset = offset;
        return this;
    }

    /// <summary>Changes the finished bytes before the CRC is computed: how to make a batch that is wrong in one field.</summary>
    public BatchBuilder Edit(Action<byte[]> edit)
    {
        _edits.Add(edit);
        return this;
    }

    /// <summary>The batch. The caller owns the array; building again gives an equal one.</summary>
    public byte[] Build()
    {
        var records = BuildRecords();
        if (_codec != CompressionCodec.None) records = RecordCompressor.Compress(_codec, records, _bareSnappy);

        var batch = new byte[RecordBatchLayout.Records + records.Length];
        records.CopyTo(batch, RecordBatchLayout.Records);
        WriteHeader(batch);
        foreach (var edit in _edits) edit(batch);
        return Seal(batch);
    }

    /// <summary>Makes the CRC of a batch right again after its bytes were changed.</summary>
    public static byte[] Seal(byte[] batch)
    {
        BinaryPrimitives.WriteUInt32BigEndian(batch.AsSpan(RecordBatchLayout.Crc), Crc32C.Hash(batch.AsSpan(RecordBatchLayout.CrcStart)));
        return batch;
    }

    private static byte[]? Bytes(string? text) => text is null ? null : Encoding.UTF8.GetBytes(text);

    private BatchBuilder Flag(short bit)
    {
        _flags |= bit;
        return this;
    }

    private byte[] BuildRecords()
    {
        var writer = new RecordWriter();
        for (var i = 0; i < _records.Count; i++) writer.Write(_records[i], _records[i].Timestamp - _records[0].Timestamp, i);
        return writer.ToArray();
    }

    private void WriteHeader(Span<byte> batch)
    {
        BinaryPrimitives.WriteInt64BigEndian(batch, _baseOffset);
        BinaryPrimitives.WriteInt32BigEndian(batch[RecordBatchLayout.BatchLength..], batch.Length - RecordBatchLayout.LengthOverhead);
        BinaryPrimitives.WriteInt32BigEndian(batch[RecordBatchLayout.LeaderEpoch..], -1);
        batch[RecordBatchLayout.Magic] = RecordBatchLayout.CurrentMagic;
        BinaryPrimitives.WriteInt16BigEndian(batch[RecordBatchLayout.Attributes..], (short)(_flags | (short)_codec));
        BinaryPrimitives.WriteInt32BigEndian(batch[RecordBatchLayout.LastOffsetDelta..], _records.Count - 1);
        BinaryPrimitives.WriteInt64BigEndian(batch[RecordBatchLayout.BaseTimestamp..], _records.Count == 0 ? -1 : _records[0].Timestamp);
        BinaryPrimitives.WriteInt64BigEndian(batch[RecordBatchLayout.MaxTimestamp..], _records.Count == 0 ? -1 : _records.Max(record => record.Timestamp));
        BinaryPrimitives.WriteInt64BigEndian(batch[RecordBatchLayout.ProducerId..], _producer.Id);
        BinaryPrimitives.WriteInt16BigEndian(batch[RecordBatchLayout.ProducerEpoch..], _producer.Epoch);
        BinaryPrimitives.WriteInt32BigEndian(batch[RecordBatchLayout.BaseSequence..], _producer.Sequence);
        BinaryPrimitives.WriteInt32BigEndian(batch[RecordBatchLayout.RecordCount..], _records.Count);
    }
}
