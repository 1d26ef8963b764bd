using System.Collections.Concurrent;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Coordination.Placement;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains.Cluster;

/// <summary>
/// Who may open each partition, for one set of brokers: computed for a whole topic when somebody first asks for one of its partitions, then a look into an
/// array. Metadata asks for thousands of them in one request.
/// </summary>
/// <param name="brokers">Stable silo names of those that may own, with their numbers. Brokers that give up what they have are not among them.</param>
/// <param name="rules">The cluster's hash and its journals.</param>
/// <param name="catalog">Knows how many partitions a topic has.</param>
internal sealed class PlacementTable(IReadOnlyDictionary<string, BrokerId> brokers, PlacementRules rules, CatalogView catalog)
{
    // Topics that are gone by now may lie here; so many more than there are topics, and they are looked for.
    private const int SpareTopics = 64;

    private readonly ConcurrentDictionary<TopicId, TopicOwners> _topics = new();

    public IReadOnlyDictionary<string, BrokerId> Brokers => brokers;

    /// <summary>The broker that the partition is placed on; null if there is none, or if the catalog here does not know the partition (yet).</summary>
    public BrokerId? Of(PartitionId partition)
    {
        var snapshot = catalog.Current;
        if (!_topics.TryGetValue(partition.Topic, out var owners) || !owners.IsAsOf(snapshot, rules))
        {
            owners = Compute(partition.Topic, snapshot);
        }

        return (uint)partition.Index < (uint)owners.Brokers.Length ? owners.Brokers[partition.Index] : null;
    }

    private TopicOwners Compute(TopicId topic, CatalogSnapshot snapshot)
    {
        var names = PartitionOwners.Of(topic, TopicOwners.CountOf(topic, snapshot, rules), [.. brokers.Keys], rules.Hash);
        var owners = new TopicOwners(topic, snapshot, [.. names.Select(name => brokers[name])]);
        if (owners.Brokers.Length > 0)
        {
            _topics[topic] = owners;
            ForgetGoneTopics(snapshot);
        }

        return owners;
    }

    private void ForgetGoneTopics(CatalogSnapshot snapshot)
    {
        if (_topics.Count <= (2 * snapshot.Count) + SpareTopics)
        {
            return;
        }

        foreach (var topic in _topics.Keys.Where(topic => !HiddenTopics.Contains(topic) && snapshot.Find(topic) is null))
        {
            _topics.TryRemove(topic, out _);
        }
    }

    private sealed class TopicOwners(TopicId topic, CatalogSnapshot snapshot, BrokerId[] brokers)
    {
        private volatile CatalogSnapshot _comparedWith = snapshot;

        public BrokerId[] Brokers => brokers;

        public static int CountOf(TopicId topic, CatalogSnapshot snapshot, PlacementRules rules) =>
            topic == HiddenTopics.Catalog ? 1
            : topic == HiddenTopics.Groups ? rules.GroupPartitions
            : snapshot.Find(topic)?.PartitionCount ?? 0;

        // A topic that grew places its older partitions anew, since each broker's share has grown. Most snapshots are the one of the last call.
        public bool IsAsOf(CatalogSnapshot snapshot, PlacementRules rules)
        {
            if (ReferenceEquals(_comparedWith, snapshot))
            {
                return true;
            }

            if (CountOf(topic, snapshot, rules) != brokers.Length)
            {
                return false;
            }

            _comparedWith = snapshot;
            return true;
        }
    }
}
