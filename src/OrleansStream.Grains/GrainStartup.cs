using OrleansStream.Abstractions.Topics;
using OrleansStream.Grains.Partitions;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains;

/// <summary>Sets to work what follows the catalog, before the catalog is first read; and tells the log, which is older than the catalog, what stands in it.</summary>
public sealed class GrainStartup
{
    private readonly SettingsFollower _follower;
    private readonly TopicSettings _settings;
    private readonly CatalogView _catalog;

    internal GrainStartup(SettingsFollower follower, TopicSettings settings, CatalogView catalog) => (_follower, _settings, _catalog) = (follower, settings, catalog);

    /// <summary>To be called once, when the broker starts.</summary>
    public void Begin() => _follower.Follow();

    /// <summary>The settings of a partition, open or not; null if this broker does not know its topic (yet).</summary>
    public PartitionSettings? SettingsOf(PartitionId partition) =>
        HiddenTopics.Contains(partition.Topic) ? HiddenPartitions.Settings : _catalog.Current.Find(partition.Topic) is { } topic ? _settings.Of(topic.Configs) : null;
}
