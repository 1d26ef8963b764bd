namespace OrleansStream.Coordination.Groups.Journal;

/// <summary>The generation and its members in the group journal.</summary>
internal static class MetadataCodec
{
    // Three texts, two timeouts, two counts and an assignment's length; a protocol is a text and a length.
    private const int LeastMemberBytes = 24;
    private const int LeastProtocolBytes = 6;

    public static void Write(JournalWriter writer, GroupMetadata metadata)
    {
        writer.Int32(metadata.Generation);
        writer.Text(metadata.ProtocolType);
        writer.Text(metadata.ProtocolName);
        writer.Text(metadata.LeaderId);
        writer.Int64(metadata.StateTimestampMs);
        writer.Count(metadata.Members.Count, JournalFormat.MaxMembers);
        foreach (var member in metadata.Members)
        {
            Write(writer, member);
        }
    }

    public static GroupMetadata Read(ref JournalReader reader)
    {
        var metadata = new GroupMetadata
        {
            Generation = reader.Int32(),
            ProtocolType = reader.NullableText(),
            ProtocolName = reader.NullableText(),
            LeaderId = reader.NullableText(),
            StateTimestampMs = reader.Int64(),
        };
        var members = new StoredMember[reader.Count(JournalFormat.MaxMembers, LeastMemberBytes)];
        for (var i = 0; i < members.Length; i++)
        {
            members[i] = ReadMember(ref reader);
        }

        return metadata with { Members = members };
    }

    private static void Write(JournalWriter writer, StoredMember member)
    {
        writer.Text(member.MemberId);
        writer.Text(member.InstanceId);
        writer.Text(member.ClientId);
        writer.Text(member.ClientHost);
        writer.Int32(Milliseconds(member.SessionTimeout));
        writer.Int32(Milliseconds(member.RebalanceTimeout));
        writer.Count(member.Protocols.Count, JournalFormat.MaxProtocols);
        foreach (var protocol in member.Protocols)
        {
            writer.Text(protocol.Name);
            writer.Bytes(protocol.Metadata);
        }

        writer.Bytes(member.Assignment);
    }

    // Both timeouts are 32-bit milliseconds on the wire.
    private static int Milliseconds(TimeSpan time) => (int)time.TotalMilliseconds;

    private static StoredMember ReadMember(ref JournalReader reader)
    {
        var member = new StoredMember
        {
            MemberId = reader.Text(),
            InstanceId = reader.NullableText(),
            ClientId = reader.Text(),
            ClientHost = reader.Text(),
            SessionTimeout = TimeSpan.FromMilliseconds(reader.Int32()),
            RebalanceTimeout = TimeSpan.FromMilliseconds(reader.Int32()),
            Protocols = [],
        };
        var protocols = new GroupProtocol[reader.Count(JournalFormat.MaxProtocols, LeastProtocolBytes)];
        for (var i = 0; i < protocols.Length; i++)
        {
            protocols[i] = new GroupProtocol(reader.Text(), reader.Bytes());
        }

        return member with { Protocols = protocols, Assignment = reader.Bytes() };
    }
}
