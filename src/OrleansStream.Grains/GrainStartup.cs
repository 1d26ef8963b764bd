using OrleansStream.Grains.Partitions;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains;

/// <summary>Sets to work what follows the catalog, before the catalog is first read; and tells the log, which is older than the catalog, what stands in it.</summary>
public sealed class GrainStartup
{
    private readonly SettingsFollower _follower;
    private readonly LocalPartitions _partitions;

    internal GrainStartup(SettingsFollower follower, LocalPartitions partitions) => (_follower, _partitions) = (follower, partitions);

    /// <summary>To be called once, when the broker starts.</summary>
    public void Begin() => _follower.Follow();

    /// <summary>The settings of a partition, open or not; null if this broker does not know it (yet).</summary>
    public PartitionSettings? SettingsOf(PartitionId partition) => _partitions.SettingsOf(partition);
}
