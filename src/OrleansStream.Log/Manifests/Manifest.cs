using System.Collections.Immutable;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Manifests;

/// <summary>Who owns a partition, in which leader epoch, and of which extents and epochs its log consists. Changed by compare-and-set only.</summary>
public sealed record Manifest
{
    public required PartitionId Partition { get; init; }

    /// <summary>Raised if the storage was ever turned back (rule M5); a lower one than the cluster's is refused.</summary>
    public int ClusterGeneration { get; init; }

    public required LeaderEpoch Epoch { get; init; }

    /// <summary>The session that may append.</summary>
    public required SessionId Owner { get; init; }

    /// <summary>Lower offsets are gone for good.</summary>
    public Offset LogStart { get; init; }

    /// <summary>In offset order without a hole. Frames of the owner's current session are not here but in its lane index.</summary>
    public ImmutableArray<Extent> Extents { get; init; } = [];

    /// <summary>Where each leader epoch began, in order.</summary>
    public ImmutableArray<EpochStart> Epochs { get; init; } = [];

    /// <summary>The newest durable snapshot: of producer state, or of a journal's state (rule D6); null if there is none.</summary>
    public SnapshotReference? Snapshot { get; init; }

    /// <summary>Objects dropped from the log and not yet deleted (rule D2).</summary>
    public ImmutableArray<string> PendingDelete { get; init; } = [];

    /// <summary>Tells one write from another after an unknown outcome (rule M2).</summary>
    public required Guid Nonce { get; init; }

    /// <summary>A tombstone: the topic is deleted and the id is never used again (rule D3).</summary>
    public bool Deleted { get; init; }

    /// <summary>The end of what the extents cover; the log may go on in the owner's lane.</summary>
    public Offset ExtentsEnd => Extents.IsEmpty ? LogStart : Offset.Max(LogStart, Extents[^1].LastOffset + 1);
}

/// <summary>A leader epoch and the offset of its first record.</summary>
public readonly record struct EpochStart(LeaderEpoch Epoch, Offset StartOffset);

/// <summary>An immutable object with state as of an offset: everything below <see cref="CoversTo"/> is in it.</summary>
public sealed record SnapshotReference(string Name, Offset CoversTo);
