using System.Buffers.Binary;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Segments;

/// <summary>The last 80 bytes of a segment: whose it is, and where its footer begins.</summary>
internal readonly record struct SegmentTrailer
{
    public required PartitionId Partition { get; init; }

    /// <summary>The epoch of the manifest that its writer read.</summary>
    public required LeaderEpoch Epoch { get; init; }

    public required Offset BaseOffset { get; init; }

    public required Offset LastOffset { get; init; }

    /// <summary>Largest record timestamp, -1 if none.</summary>
    public required long MaxTimestampMs { get; init; }

    /// <summary>Raised if the storage was ever turned back (rule M5).</summary>
    public int ClusterGeneration { get; init; }

    /// <summary>Bytes of all runs: where the footer begins.</summary>
    public long DataBytes { get; init; }

    /// <summary>Bytes of the footer before the trailer.</summary>
    public int SectionBytes { get; init; }

    public static SegmentTrailer Read(ReadOnlySpan<byte> from, out uint checksum)
    {
        checksum = BinaryPrimitives.ReadUInt32LittleEndian(from[76..]);
        return new SegmentTrailer
        {
            Partition = new PartitionId(new TopicId(new Guid(from.Slice(8, 16), bigEndian: true)), BinaryPrimitives.ReadInt32LittleEndian(from[24..])),
            Epoch = new LeaderEpoch(BinaryPrimitives.ReadInt32LittleEndian(from[28..])),
            BaseOffset = new Offset(BinaryPrimitives.ReadInt64LittleEndian(from[32..])),
            LastOffset = new Offset(BinaryPrimitives.ReadInt64LittleEndian(from[40..])),
            MaxTimestampMs = BinaryPrimitives.ReadInt64LittleEndian(from[48..]),
            DataBytes = BinaryPrimitives.ReadInt64LittleEndian(from[56..]),
            SectionBytes = BinaryPrimitives.ReadInt32LittleEndian(from[64..]),
            ClusterGeneration = BinaryPrimitives.ReadInt32LittleEndian(from[68..]),
        };
    }

    /// <summary>Writes all but the checksum, which covers the sections too.</summary>
    public void Write(Span<byte> to, int sectionBytes)
    {
        to[..SegmentLayout.TrailerBytes].Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(to, SegmentLayout.Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(to[4..], SegmentLayout.Version);
        Partition.Topic.Value.TryWriteBytes(to[8..], bigEndian: true, out _);
        BinaryPrimitives.WriteInt32LittleEndian(to[24..], Partition.Index);
        BinaryPrimitives.WriteInt32LittleEndian(to[28..], Epoch.Value);
        BinaryPrimitives.WriteInt64LittleEndian(to[32..], BaseOffset.Value);
        BinaryPrimitives.WriteInt64LittleEndian(to[40..], LastOffset.Value);
        BinaryPrimitives.WriteInt64LittleEndian(to[48..], MaxTimestampMs);
        BinaryPrimitives.WriteInt64LittleEndian(to[56..], DataBytes);
        BinaryPrimitives.WriteInt32LittleEndian(to[64..], sectionBytes);
        BinaryPrimitives.WriteInt32LittleEndian(to[68..], ClusterGeneration);
    }
}
