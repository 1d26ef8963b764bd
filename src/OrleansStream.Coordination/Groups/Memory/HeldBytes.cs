using OrleansStream.Coordination.Groups.Journal;

namespace OrleansStream.Coordination.Groups.Memory;

/// <summary>
/// What the parts of a group occupy in memory: their texts and bytes, and a round number for the objects and table places around them. Each part counts in
/// full wherever it is kept. A member's protocols may be the same arrays as in the generation that is stored, but need not be: it may have come back with others.
/// </summary>
internal static class HeldBytes
{
    /// <summary>A group without anything: its rules, tables, lock and deadline.</summary>
    public const int Group = 4096;

    /// <summary>An id that was handed out and not used yet: at most 292 characters, its timer and its places in the tables.</summary>
    public const int PendingMember = 1024;

    private const int Member = 512;
    private const int StoredMember = 160;
    private const int Protocol = 128;
    private const int Offset = 192;
    private const int Topic = 96;
    private const int Metadata = 128;

    public static long OfMember(IEnumerable<string?> texts, IReadOnlyList<GroupProtocol> protocols) => Member + texts.Sum(OfText) + OfProtocols(protocols);

    public static long OfOffset(CommittedOffset committed) => Offset + OfText(committed.TopicName) + OfText(committed.Metadata);

    public static long OfTopics(IEnumerable<string> topics) => topics.Sum(topic => Topic + OfText(topic));

    public static long OfGeneration(GroupMetadata? stored) => stored is null ? 0 : Metadata + stored.Members.Sum(OfStored);

    public static long OfChange(GroupChange change) => change switch
    {
        MetadataStored stored => OfGeneration(stored.Metadata),
        OffsetsCommitted committed => committed.Offsets.Sum(offset => OfOffset(offset.Committed)),
        _ => 0,
    };

    public static long OfProtocols(IReadOnlyList<GroupProtocol> protocols) => protocols.Sum(protocol => Protocol + OfText(protocol.Name) + protocol.Metadata.Length);

    private static long OfStored(StoredMember member) => StoredMember + OfText(member.MemberId) + OfText(member.InstanceId) + OfText(member.ClientId)
        + OfText(member.ClientHost) + OfProtocols(member.Protocols) + member.Assignment.Length;

    private static long OfText(string? text) => (text?.Length ?? 0) * (long)sizeof(char);
}
