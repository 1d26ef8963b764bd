using System.Buffers.Binary;
using OrleansStream.Log.Blocks;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Segments;

/// <summary>One frame in the directory of its run, 40 bytes.</summary>
internal static class SegmentLine
{
    public static void Write(Span<byte> to, in FrameEntry entry)
    {
        BinaryPrimitives.WriteInt64LittleEndian(to, entry.BaseOffset.Value);
        BinaryPrimitives.WriteInt64LittleEndian(to[8..], entry.LastOffset.Value);
        BinaryPrimitives.WriteInt64LittleEndian(to[16..], entry.MaxTimestampMs);
        BinaryPrimitives.WriteInt32LittleEndian(to[24..], entry.Epoch.Value);
        BinaryPrimitives.WriteInt32LittleEndian(to[28..], entry.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(to[32..], entry.Checksum);
        BinaryPrimitives.WriteUInt32LittleEndian(to[36..], (byte)entry.Kind); // One byte, then three that are zero.
    }

    public static FrameEntry Read(ReadOnlySpan<byte> from, PartitionId partition, int position) => new()
    {
        Partition = partition,
        Epoch = new LeaderEpoch(BinaryPrimitives.ReadInt32LittleEndian(from[24..])),
        BaseOffset = new Offset(BinaryPrimitives.ReadInt64LittleEndian(from)),
        LastOffset = new Offset(BinaryPrimitives.ReadInt64LittleEndian(from[8..])),
        MaxTimestampMs = BinaryPrimitives.ReadInt64LittleEndian(from[16..]),
        Position = position,
        Length = BinaryPrimitives.ReadInt32LittleEndian(from[28..]),
        Kind = (FrameKind)from[36],
        Checksum = BinaryPrimitives.ReadUInt32LittleEndian(from[32..]),
    };
}
