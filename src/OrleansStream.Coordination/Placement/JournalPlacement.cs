
namespace OrleansStream.Coordination.Placement;

/// <summary>Which journal partition keeps a group's or a transaction's state. Seed and version stand in the cluster object; see docs/formats/placement.md.</summary>
public static class JournalPlacement
{
    /// <summary>The journal partition of a group id or transactional id.</summary>
    /// <param name="key">The id, as the client spells it.</param>
    /// <param name="partitionCount">How many journal partitions the cluster was created with: 1 or more.</param>
    /// <param name="hash">The cluster's seed and version.</param>
    public static int PartitionOf(string key, int partitionCount, PlacementHash hash)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(partitionCount);
        return (int)(hash.Of(key) % (uint)partitionCount);
    }
}
