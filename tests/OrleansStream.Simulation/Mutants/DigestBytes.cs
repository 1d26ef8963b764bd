using System.Buffers.Binary;
using OrleansStream.Model.Records;

namespace OrleansStream.Simulation.Mutants;

/// <summary>Digests that verify and say what is not so: what a fault in their writer would leave behind. docs/formats/blob-container.md has the places of their fields.</summary>
internal static class DigestBytes
{
    private const int LengthPosition = 12;
    private const int ChecksumPosition = 32;
    private const int HeaderBytes = 40;
    private const int LastChecksumPosition = HeaderBytes + 41;
    private const int CountPosition = HeaderBytes + 45;
    private const int PartitionBytes = 24;

    public static byte[] WithoutPartitions(byte[] digest)
    {
        var changed = digest[..(CountPosition + sizeof(int))];
        changed.AsSpan(CountPosition).Clear();
        return Closed(changed);
    }

    /// <summary>Of the first partition the first run ends an offset earlier, unless it has only one.</summary>
    public static byte[] WithLowerLastOffset(byte[] digest)
    {
        if (BinaryPrimitives.ReadInt32LittleEndian(digest.AsSpan(CountPosition)) == 0) return digest;
        var run = digest.AsSpan(CountPosition + sizeof(int) + PartitionBytes);
        var (first, last) = (BinaryPrimitives.ReadInt64LittleEndian(run), BinaryPrimitives.ReadInt64LittleEndian(run[sizeof(long)..]));
        if (last > first) BinaryPrimitives.WriteInt64LittleEndian(run[sizeof(long)..], last - 1);
        return Closed(digest);
    }

    public static byte[] WithOtherLastChecksum(byte[] digest)
    {
        digest[LastChecksumPosition] ^= 1;
        return Closed(digest);
    }

    private static byte[] Closed(byte[] record)
    {
        BinaryPrimitives.WriteInt32LittleEndian(record.AsSpan(LengthPosition), record.Length - HeaderBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(ChecksumPosition), Crc32C.Append(Crc32C.Hash(record.AsSpan(0, ChecksumPosition)), record.AsSpan(ChecksumPosition + sizeof(uint))));
        return record;
    }
}
