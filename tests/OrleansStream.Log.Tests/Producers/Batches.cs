using System.Buffers.Binary;
using OrleansStream.Model.Records;

namespace OrleansStream.Log.Tests.Producers;

/// <summary>Headers of batches of producers: all that producer state looks at.</summary>
internal static class Batches
{
    public const long ProducerId = 7;

    public static RecordBatchHeader Header(long id = ProducerId, short epoch = 0, int sequence = 0, int records = 1, long baseOffset = 0, long timestamp = 5, bool control = false)
    {
        Span<byte> bytes = stackalloc byte[RecordBatchLayout.Records];
        bytes.Clear();
        BinaryPrimitives.WriteInt64BigEndian(bytes, baseOffset);
        bytes[RecordBatchLayout.Magic] = RecordBatchLayout.CurrentMagic;
        BinaryPrimitives.WriteInt16BigEndian(bytes[RecordBatchLayout.Attributes..], control ? RecordBatchLayout.ControlBit : (short)0);
        BinaryPrimitives.WriteInt32BigEndian(bytes[RecordBatchLayout.LastOffsetDelta..], records - 1);
        BinaryPrimitives.WriteInt64BigEndian(bytes[RecordBatchLayout.MaxTimestamp..], timestamp);
        BinaryPrimitives.WriteInt64BigEndian(bytes[RecordBatchLayout.ProducerId..], id);
        BinaryPrimitives.WriteInt16BigEndian(bytes[RecordBatchLayout.ProducerEpoch..], epoch);
        BinaryPrimitives.WriteInt32BigEndian(bytes[RecordBatchLayout.BaseSequence..], sequence);
        BinaryPrimitives.WriteInt32BigEndian(bytes[RecordBatchLayout.RecordCount..], records);
        return RecordBatchHeader.TryRead(bytes, out var header) ? header : throw new InvalidOperationException("A header of the right size was not read.");
    }
}
