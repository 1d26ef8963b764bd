using System.Buffers.Binary;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Records;

namespace OrleansStream.Log.AzureBlobs.Lanes;

/// <summary>What stands in a slot that its session shall never write; docs/formats/blob-container.md has the table.</summary>
internal static class FenceBlob
{
    public const int Bytes = 48;

    private const uint Magic = 0x4E46534F; // "OSFN"
    private const ushort Version = 1;
    private const int ChecksumPosition = 8;

    public static byte[] Write(SessionId session, Slot slot, int generation, Guid nonce)
    {
        var bytes = new byte[Bytes];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(4), Version);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(12), generation);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(16), session.Hash);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(24), slot.Value);
        nonce.TryWriteBytes(bytes.AsSpan(32), bigEndian: true, out _);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(ChecksumPosition), ChecksumOf(bytes));
        return bytes;
    }

    /// <summary>Whether the first bytes of a slot are a fence. A fence of another session or slot, and a damaged one, are none.</summary>
    public static bool IsFence(ReadOnlySpan<byte> start) =>
        start.Length >= Bytes && BinaryPrimitives.ReadUInt32LittleEndian(start) == Magic
            && BinaryPrimitives.ReadUInt32LittleEndian(start[ChecksumPosition..]) == ChecksumOf(start[..Bytes]);

    public static bool IsFenceOf(ReadOnlySpan<byte> start, SessionId session, Slot slot) =>
        IsFence(start) && BinaryPrimitives.ReadUInt64LittleEndian(start[16..]) == session.Hash && BinaryPrimitives.ReadInt64LittleEndian(start[24..]) == slot.Value;

    private static uint ChecksumOf(ReadOnlySpan<byte> bytes) => Crc32C.Append(Crc32C.Hash(bytes[..ChecksumPosition]), bytes[(ChecksumPosition + 4)..Bytes]);
}
