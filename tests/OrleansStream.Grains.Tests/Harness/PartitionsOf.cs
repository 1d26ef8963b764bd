using OrleansStream.Abstractions.Cluster;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Coordination.Placement;
using OrleansStream.Grains.Cluster;
using OrleansStream.Grains.Partitions;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Options.Configs;

namespace OrleansStream.Grains.Tests.Harness;

/// <summary>The partitions of a broker, over any log.</summary>
internal static class PartitionsOf
{
    public static PlacementRules Rules { get; } = new(new PlacementHash(0, PlacementHash.CurrentVersion), HiddenTopics.GroupPartitions);

    public static LocalPartitions One(IPartitionLog log, CatalogView view, IClusterView cluster, PartitionLeaders? leaders = null) =>
        new(log, view, new TopicSettings(new BrokerConfigValues(new Dictionary<string, string>())), cluster, new LocalParts(leaders ?? new PartitionLeaders(view), Rules));
}
