using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;

namespace OrleansStream.Log.Journals;

/// <summary>What all journal partitions of a broker share.</summary>
public sealed class JournalParts
{
    public required IObjectStore Objects { get; init; }

    public required ManifestEditor Manifests { get; init; }

    /// <summary>For the names of snapshots. Locked while it is used.</summary>
    public required Random Random { get; init; }

    public JournalOptions Options { get; init; } = new();
}
