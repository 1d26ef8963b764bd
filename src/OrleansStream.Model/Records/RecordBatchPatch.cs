using System.Buffers.Binary;
using OrleansStream.Model.Ids;

namespace OrleansStream.Model.Records;

/// <summary>The only changes that a broker makes to a client's batch. All in the header, all in place.</summary>
/// <remarks>Each takes a span that starts at the batch. Not atomic: the batch must not be visible to a reader yet.</remarks>
public static class RecordBatchPatch
{
    /// <summary>Writes where the batch lies and who put it there. Outside the CRC, so no byte is read again.</summary>
    public static void Place(Span<byte> batch, Offset baseOffset, LeaderEpoch epoch)
    {
        BinaryPrimitives.WriteInt64BigEndian(batch, baseOffset.Value);
        BinaryPrimitives.WriteInt32BigEndian(batch[RecordBatchLayout.LeaderEpoch..], epoch.Value);
    }

    /// <summary>Writes timestamp type and max timestamp, and the CRC that the batch has with them.</summary>
    /// <param name="batch">At least the header of a batch whose CRC is right; the records themselves are not needed.</param>
    /// <param name="type">For <see cref="TimestampType.LogAppendTime"/> all records then have the max timestamp.</param>
    /// <param name="maxTimestamp">Milliseconds since 1970, or -1.</param>
    /// <returns>The new CRC, as it stands in the header.</returns>
    public static uint SetTimestamp(Span<byte> batch, TimestampType type, long maxTimestamp)
    {
        var recordBytes = BinaryPrimitives.ReadInt32BigEndian(batch[RecordBatchLayout.BatchLength..]) + RecordBatchLayout.LengthOverhead - RecordBatchLayout.Records;
        var covered = batch[RecordBatchLayout.CrcStart..RecordBatchLayout.Records];
        var before = Crc32C.Hash(covered);

        var attributes = BinaryPrimitives.ReadInt16BigEndian(batch[RecordBatchLayout.Attributes..]) & ~RecordBatchLayout.TimestampTypeBit;
        if (type == TimestampType.LogAppendTime) attributes |= RecordBatchLayout.TimestampTypeBit;
        BinaryPrimitives.WriteInt16BigEndian(batch[RecordBatchLayout.Attributes..], (short)attributes);
        BinaryPrimitives.WriteInt64BigEndian(batch[RecordBatchLayout.MaxTimestamp..], maxTimestamp);

        // A CRC is linear: what changes in the first 40 bytes changes the whole by that difference, moved over the records behind them.
        var difference = Crc32C.Move(before ^ Crc32C.Hash(covered), recordBytes);
        var crc = BinaryPrimitives.ReadUInt32BigEndian(batch[RecordBatchLayout.Crc..]) ^ difference;
        BinaryPrimitives.WriteUInt32BigEndian(batch[RecordBatchLayout.Crc..], crc);
        return crc;
    }
}
