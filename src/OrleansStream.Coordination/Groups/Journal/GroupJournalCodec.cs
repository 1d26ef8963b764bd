using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;

namespace OrleansStream.Coordination.Groups.Journal;

/// <summary>Bytes of the group journal: one record for each change, see docs/formats/group-journal.md. Checksums are the block's business.</summary>
public static class GroupJournalCodec
{
    /// <summary>Encodes one change of one group. The array is the caller's.</summary>
    /// <exception cref="ArgumentException">Something is larger than the format holds. The wire's limits and <see cref="GroupOptions"/> keep that from happening.</exception>
    public static byte[] Encode(string groupId, GroupChange change)
    {
        var writer = new JournalWriter();
        writer.Byte(JournalFormat.Version);
        writer.Byte(KindOf(change));
        writer.Text(groupId);
        switch (change)
        {
            case MetadataStored stored:
                MetadataCodec.Write(writer, stored.Metadata);
                break;
            case OffsetsCommitted committed:
                OffsetsCodec.Write(writer, committed.Offsets);
                break;
            case OffsetsRemoved removed:
                OffsetsCodec.WriteRemoved(writer, removed.Partitions);
                break;
            case GroupSnapshot snapshot:
                writer.Byte(snapshot.Metadata is null ? (byte)0 : (byte)1);
                if (snapshot.Metadata is not null)
                {
                    MetadataCodec.Write(writer, snapshot.Metadata);
                }

                OffsetsCodec.Write(writer, snapshot.Offsets);
                break;
        }

        return writer.ToArray();
    }

    /// <summary>Decodes one record; everything is copied out. False if the bytes are not exactly one valid record of a version that this release knows: the journal is damaged or newer, and must not be opened.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> record, [NotNullWhen(true)] out string? groupId, [NotNullWhen(true)] out GroupChange? change)
    {
        groupId = null;
        change = null;
        var reader = new JournalReader(record);
        if (reader.Byte() != JournalFormat.Version)
        {
            return false;
        }

        var kind = reader.Byte();
        var id = reader.Text();
        var decoded = Read(ref reader, kind);
        if (decoded is null || !reader.IsAtEnd)
        {
            return false;
        }

        groupId = id;
        change = decoded;
        return true;
    }

    private static byte KindOf(GroupChange change) => change switch
    {
        MetadataStored => JournalFormat.MetadataStored,
        OffsetsCommitted => JournalFormat.OffsetsCommitted,
        OffsetsRemoved => JournalFormat.OffsetsRemoved,
        GroupRemoved => JournalFormat.GroupRemoved,
        GroupSnapshot => JournalFormat.GroupSnapshot,
        _ => throw new UnreachableException($"{change.GetType().Name} has no number in the group journal."),
    };

    private static GroupChange? Read(ref JournalReader reader, byte kind) => kind switch
    {
        JournalFormat.MetadataStored => new MetadataStored(MetadataCodec.Read(ref reader)),
        JournalFormat.OffsetsCommitted => new OffsetsCommitted(OffsetsCodec.Read(ref reader)),
        JournalFormat.OffsetsRemoved => new OffsetsRemoved(OffsetsCodec.ReadRemoved(ref reader)),
        JournalFormat.GroupRemoved => new GroupRemoved(),
        JournalFormat.GroupSnapshot => ReadSnapshot(ref reader),
        _ => null,
    };

    private static GroupSnapshot? ReadSnapshot(ref JournalReader reader)
    {
        var hasMetadata = reader.Byte();
        if (hasMetadata > 1)
        {
            return null;
        }

        var metadata = hasMetadata == 1 ? MetadataCodec.Read(ref reader) : null;
        return new GroupSnapshot(metadata, OffsetsCodec.Read(ref reader));
    }
}
