
namespace OrleansStream.Coordination.Groups.Journal;

/// <summary>Bytes of the group journal: one record for each change, see docs/formats/group-journal.md.</summary>
public static class GroupJournalCodec
{
    /// <summary>Encodes one change of one group.</summary>
    public static byte[] Encode(string groupId, GroupChange change) => throw new NotImplementedException();

    /// <summary>Decodes one record; false if the bytes are not exactly one valid record of a known version.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> record, out string groupId, out GroupChange change) => throw new NotImplementedException();
}
