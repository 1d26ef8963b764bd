using OrleansStream.Log.Lanes;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Segments;

/// <summary>A partition that is to be split by rule S1, and why.</summary>
/// <param name="Partition">Which.</param>
/// <param name="Reason">What is due.</param>
/// <param name="Bytes">All that no segment covers, inherited frames included.</param>
/// <param name="Carries">How often any of the session's own frames was carried already.</param>
/// <param name="State">What the lane keeps of the partition; null: nothing.</param>
internal readonly record struct DuePartition(PartitionId Partition, DueReason Reason, long Bytes, int Carries, LanePartition? State);

/// <summary>What is due of a partition.</summary>
internal enum DueReason
{
    /// <summary>It has as many unsplit bytes as a segment shall have.</summary>
    Size,

    /// <summary>Frames of the present session are old.</summary>
    Age,

    /// <summary>Frames of dead sessions were inherited, and not only just now.</summary>
    InheritedAge,
}
