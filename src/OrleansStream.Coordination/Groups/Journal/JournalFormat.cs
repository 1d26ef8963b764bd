using OrleansStream.Model;

namespace OrleansStream.Coordination.Groups.Journal;

/// <summary>Numbers of docs/formats/group-journal.md. A number is never used again for something else.</summary>
internal static class JournalFormat
{
    public const byte Version = 1;

    public const byte MetadataStored = 1;
    public const byte OffsetsCommitted = 2;
    public const byte OffsetsRemoved = 3;
    public const byte GroupRemoved = 4;
    public const byte GroupSnapshot = 5;

    /// <summary>Length that stands for no text.</summary>
    public const ushort NullText = ushort.MaxValue;

    /// <summary>The longest text in UTF-8. The wire allows 32,767.</summary>
    public const int MaxTextBytes = ushort.MaxValue - 1;

    /// <summary>The largest byte string: metadata of a member for a protocol, an assignment, an offset's text.</summary>
    public const int MaxBytes = 4 * Limits.MiB;

    public const int MaxMembers = 100_000;
    public const int MaxProtocols = 1_000;
    public const int MaxOffsets = 1_000_000;
}
