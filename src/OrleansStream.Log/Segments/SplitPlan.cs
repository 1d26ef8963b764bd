using System.Collections.Immutable;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Segments;

/// <summary>What is to leave the WAL of one partition, and how.</summary>
internal sealed record SplitPlan
{
    public required PartitionId Partition { get; init; }

    /// <summary>The epoch of the manifest that this was planned from; when it changes, the task is over.</summary>
    public required LeaderEpoch Epoch { get; init; }

    /// <summary>The open partition of that epoch; null if it is closed, which splitting does not mind.</summary>
    public PartitionHandle? Handle { get; init; }

    /// <summary>In offset order. To be cut: from the first WAL extent on, inherited ones first, without a hole (rule S2).</summary>
    public required ImmutableArray<WalExtent> Sources { get; init; }

    /// <summary>The first offset that is not in a segment.</summary>
    public required Offset From { get; init; }

    /// <summary>Frames below it have expired.</summary>
    public required Offset LogStart { get; init; }

    /// <summary>
    /// Appended again instead of cut (rule S4), under this state of the lane: found before the manifest was read, it knows when the epoch is closed, also
    /// when the partition is deleted and the lane has forgotten it. Null: cut.
    /// </summary>
    public LanePartition? CarriedIn { get; init; }

    public bool Carries => CarriedIn is not null;

    /// <summary>Whether the extents of dead sessions among the sources are the last ones of the manifest (rule S4).</summary>
    public bool MayDropInherited { get; init; }

    /// <summary>What is carried stands in dead sessions: afterwards the manifest drops it.</summary>
    public bool CarriesInherited { get; init; }

    public long Bytes => Sources.Sum(static source => source.Bytes);
}
