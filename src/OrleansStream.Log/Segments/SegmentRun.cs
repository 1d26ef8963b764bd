using System.Buffers.Binary;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Segments;

/// <summary>An entry of a segment's sparse index: neighbouring frames, followed by their directory. What is read at once, and verified by itself.</summary>
/// <param name="BaseOffset">First offset.</param>
/// <param name="LastOffset">Last offset, inclusive.</param>
/// <param name="MaxTimestampMs">Largest record timestamp, -1 if none.</param>
/// <param name="Position">Byte of the segment at which the first frame starts.</param>
/// <param name="Length">Bytes of frames and directory.</param>
/// <param name="Frames">How many.</param>
/// <param name="Checksum">CRC-32C of the directory; through the frames' checksums in it, it stands for the whole run.</param>
internal readonly record struct SegmentRun(Offset BaseOffset, Offset LastOffset, long MaxTimestampMs, long Position, int Length, int Frames, uint Checksum)
{
    public long End => Position + Length;

    public int DirectoryBytes => Frames * SegmentLayout.LineBytes;

    public static SegmentRun Read(ReadOnlySpan<byte> from) => new(
        new Offset(BinaryPrimitives.ReadInt64LittleEndian(from)),
        new Offset(BinaryPrimitives.ReadInt64LittleEndian(from[8..])),
        BinaryPrimitives.ReadInt64LittleEndian(from[16..]),
        BinaryPrimitives.ReadInt64LittleEndian(from[24..]),
        BinaryPrimitives.ReadInt32LittleEndian(from[32..]),
        BinaryPrimitives.ReadInt32LittleEndian(from[36..]),
        BinaryPrimitives.ReadUInt32LittleEndian(from[40..]));

    public void Write(Span<byte> to)
    {
        BinaryPrimitives.WriteInt64LittleEndian(to, BaseOffset.Value);
        BinaryPrimitives.WriteInt64LittleEndian(to[8..], LastOffset.Value);
        BinaryPrimitives.WriteInt64LittleEndian(to[16..], MaxTimestampMs);
        BinaryPrimitives.WriteInt64LittleEndian(to[24..], Position);
        BinaryPrimitives.WriteInt32LittleEndian(to[32..], Length);
        BinaryPrimitives.WriteInt32LittleEndian(to[36..], Frames);
        BinaryPrimitives.WriteUInt32LittleEndian(to[40..], Checksum);
        BinaryPrimitives.WriteInt32LittleEndian(to[44..], 0);
    }
}
