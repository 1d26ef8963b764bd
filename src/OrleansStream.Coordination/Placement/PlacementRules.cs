namespace OrleansStream.Coordination.Placement;

/// <summary>What is fixed for the life of a cluster's data and says where everything belongs. See docs/formats/placement.md.</summary>
/// <param name="Hash">Places partitions, and groups in journals.</param>
/// <param name="GroupPartitions">How many journal partitions keep groups: 1 or more.</param>
public sealed record PlacementRules(PlacementHash Hash, int GroupPartitions)
{
    /// <summary>The journal partition of a group.</summary>
    public int JournalOf(string groupId) => JournalPlacement.PartitionOf(groupId, GroupPartitions, Hash);
}
