using OrleansStream.Model.Ids;

namespace OrleansStream.Coordination.Groups.Journal;

/// <summary>A partition and what a group remembers of it.</summary>
public readonly record struct PartitionOffset(PartitionId Partition, CommittedOffset Committed);
