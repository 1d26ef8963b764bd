using OrleansStream.Model.Ids;

namespace OrleansStream.Coordination.Groups.Journal;

/// <summary>One durable change of a group. Replaying all of them, in order, gives the group's durable state.</summary>
public abstract record GroupChange
{
    private protected GroupChange()
    {
    }
}

/// <summary>A new generation, a new assignment, or a static member under a new id. Replaces what was stored before.</summary>
public sealed record MetadataStored(GroupMetadata Metadata) : GroupChange;

/// <summary>Offsets were committed, all in one request.</summary>
public sealed record OffsetsCommitted(IReadOnlyList<PartitionOffset> Offsets) : GroupChange;

/// <summary>Offsets went: deleted, expired, or with their topic.</summary>
public sealed record OffsetsRemoved(IReadOnlyList<PartitionId> Partitions) : GroupChange;

/// <summary>The group went, with all that it had.</summary>
public sealed record GroupRemoved : GroupChange;

/// <summary>The whole durable state of the group; what came before does not matter any more.</summary>
public sealed record GroupSnapshot(GroupMetadata? Metadata, IReadOnlyList<PartitionOffset> Offsets) : GroupChange;
