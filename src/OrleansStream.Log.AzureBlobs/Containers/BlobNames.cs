using System.Globalization;
using System.IO.Hashing;
using System.Text;
using OrleansStream.Log.Economy;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Containers;

/// <summary>
/// Where things stand in a cluster's container; docs/formats/blob-container.md has the table. Names that grow with time or load begin with three digits of a
/// hash: the service spreads its load over ranges of names (https://learn.microsoft.com/azure/storage/blobs/storage-performance-checklist).
/// </summary>
internal static class BlobNames
{
    /// <summary>What the names of all manifests begin with.</summary>
    public const string Manifests = "m/";

    /// <summary>What the names of all blocks and fences begin with.</summary>
    public const string Blocks = "w/";

    /// <summary>What the names of all session records begin with.</summary>
    public const string Sessions = "s/";

    /// <summary>What the names of all segments and snapshots begin with.</summary>
    public const string Objects = "p/";

    /// <summary>What the names of all broker records begin with.</summary>
    public const string Brokers = "b/";

    /// <summary>The record of the cluster.</summary>
    public const string Cluster = "cluster";

    /// <summary>Slots whose names begin alike but for three digits: fewer than the names on one page of a list.</summary>
    public const int SlotsTogether = 1 << (4 * DigitsTogether);

    private const int DigitsTogether = 3;
    private const int HashBits = 12;
    private const int HashDigits = HashBits / 4;
    private const int SlotDigits = 16;
    private const int TopicDigits = 32;

    public static string ManifestOf(PartitionId partition) => $"{Manifests}{HashOf(partition.ToString())}/{partition}";

    /// <summary>The partition whose manifest has the name; false for a name that is none of ours.</summary>
    public static bool TryParseManifest(string name, out PartitionId partition)
    {
        partition = default;
        var parts = name.Split('/');
        if (parts.Length != 4 || !Guid.TryParseExact(parts[2], "N", out var topic) || !int.TryParse(parts[3], NumberStyles.None, CultureInfo.InvariantCulture, out var index)) return false;
        partition = new PartitionId(new TopicId(topic), index);
        return ManifestOf(partition) == name;
    }

    /// <summary>The session whose record has the name; false for a name that is none of ours.</summary>
    public static bool TryParseSession(string name, out SessionId session)
    {
        session = default;
        var parts = name.Split('/', '-');
        if (parts.Length != 3 || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var broker) || !Guid.TryParseExact(parts[2], "N", out var unique)) return false;
        session = new SessionId(new BrokerId(broker), unique);
        return SessionOf(session) == name;
    }

    public static string SessionOf(SessionId session) => $"{Sessions}{session}";

    public static string BrokerOf(BrokerId broker) => $"{Brokers}{broker}";

    /// <summary>A block of a session, or a fence.</summary>
    public static string BlockOf(SessionId session, Slot slot) => $"{BlocksOf(session)}{slot}";

    /// <summary>What the names of all slots of a session begin with.</summary>
    public static string BlocksOf(SessionId session) => $"{Blocks}{HashOf(session.ToString())}/{session}/";

    /// <summary>What a session's writer says of some of its slots.</summary>
    public static string DigestOf(SessionId session, Slot first, Slot end) => $"{DigestsOf(session)}{first}-{end}";

    /// <summary>What the names of all digests of a session begin with.</summary>
    public static string DigestsOf(SessionId session) => $"d/{HashOf(session.ToString())}/{session}/";

    /// <summary>What the names of <see cref="SlotsTogether"/> neighbouring slots of a session begin with, those with this one among them.</summary>
    public static string SlotsAround(SessionId session, Slot slot) => $"{BlocksOf(session)}{slot}"[..^DigitsTogether];

    /// <summary>What a recovery found in a session.</summary>
    public static string SummaryOf(SessionId session) => $"r/{session}";

    /// <summary>The slot in a name that begins with <see cref="BlocksOf"/>; false for a name that is none of ours.</summary>
    public static bool TryParseSlot(string name, string prefix, out Slot slot)
    {
        var isSlot = long.TryParse(name.AsSpan(prefix.Length), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number) && number >= 0;
        slot = new Slot(isSlot ? number : 0);
        return isSlot && name.Length == prefix.Length + SlotDigits;
    }

    /// <summary>The slots in a name that begins with <see cref="DigestsOf"/>; false for a name that is none of ours.</summary>
    public static bool TryParseDigest(string name, string prefix, out Slot first, out Slot end)
    {
        end = default;
        var at = prefix.Length + SlotDigits;
        return TryParseSlot(name.Length > at ? name[..at] : name, prefix, out first) && name.Length > at && name[at] == '-' && TryParseSlot(name, name[..(at + 1)], out end) && end > first;
    }

    /// <summary>What the blob of a name is for, and whose topic's it is alone.</summary>
    public static (WriteKind Kind, TopicId? Topic) PurposeOf(string name)
    {
        var kind = name.StartsWith(Blocks, StringComparison.Ordinal) ? WriteKind.Blocks
            : name.StartsWith(Manifests, StringComparison.Ordinal) ? WriteKind.Manifests
            : name.StartsWith(Objects, StringComparison.Ordinal) ? WriteKind.Segments
            : WriteKind.Records;
        return (kind, kind is WriteKind.Manifests or WriteKind.Segments ? TopicIn(name) : null);
    }

    // Both kinds of names go on with the hash, a slash, the topic's id and another slash.
    private static TopicId? TopicIn(string name)
    {
        var first = Manifests.Length + HashDigits + 1;
        return name.Length > first + TopicDigits && Guid.TryParseExact(name.AsSpan(first, TopicDigits), "N", out var id) ? new TopicId(id) : null;
    }

    private static string HashOf(string text) => string.Create(CultureInfo.InvariantCulture, $"{XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(text)) >> (64 - HashBits):x3}");
}
