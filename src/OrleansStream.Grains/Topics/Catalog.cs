using OrleansStream.Abstractions.Topics;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains.Topics;

/// <summary>The catalog's state: a plain object that changes are applied to, once they are durable.</summary>
internal sealed class Catalog
{
    private readonly Dictionary<string, string> _byCollapsedName = new(StringComparer.Ordinal);
    private readonly Dictionary<TopicId, Topic> _leaving = [];

    public CatalogSnapshot Snapshot { get; private set; } = CatalogSnapshot.Empty;

    /// <summary>The first producer id that nobody has.</summary>
    public long NextProducerId { get; private set; }

    /// <summary>Topics whose deletion has begun and is not complete.</summary>
    public IReadOnlyCollection<Topic> Leaving => _leaving.Values;

    /// <summary>Whether the id is a topic's and not on its way out: rule O1 asks this, and nothing may be created for what is being deleted.</summary>
    public bool Knows(TopicId id) => Snapshot.Find(id) is not null;

    /// <summary>The topic whose name differs from this one only by '.' and '_', or null.</summary>
    public string? CollidingName(string name) =>
        _byCollapsedName.TryGetValue(TopicName.Collapse(name), out var other) && other != name ? other : null;

    /// <param name="change">Durable.</param>
    /// <param name="version">The journal's offset after the change: it never goes back, however much of the journal a snapshot has replaced.</param>
    public void Apply(CatalogChange change, long version)
    {
        switch (change)
        {
            case TopicPut put:
                Snapshot = Snapshot.With(put.Topic, version);
                _byCollapsedName[TopicName.Collapse(put.Topic.Name)] = put.Topic.Name;
                break;
            case TopicDeletionBegun begun when Snapshot.Find(begun.Id) is { } topic:
                // Off the view at once, so that the name is free; on the list until every partition has its tombstone.
                Snapshot = Snapshot.Without(topic, version);
                _byCollapsedName.Remove(TopicName.Collapse(topic.Name));
                _leaving[topic.Id] = topic;
                break;
            case TopicRemoved removed:
                _leaving.Remove(removed.Id);
                break;
            case ProducerIdsAllocated allocated:
                NextProducerId = Math.Max(NextProducerId, allocated.Next);
                break;
        }
    }

    /// <summary>Everything below this version is in: one that was read again from a snapshot must not look older than a view that saw what the snapshot left out.</summary>
    public void RaiseTo(long version)
    {
        if (version > Snapshot.Version)
        {
            Snapshot = Snapshot.At(version);
        }
    }

    /// <summary>Changes that lead from an empty catalog to this one.</summary>
    public IEnumerable<CatalogChange> Condense()
    {
        yield return new ProducerIdsAllocated(NextProducerId);
        // First those on their way out: their names may belong to newer topics by now.
        foreach (var topic in _leaving.Values)
        {
            yield return new TopicPut(topic);
            yield return new TopicDeletionBegun(topic.Id);
        }

        foreach (var topic in Snapshot.Topics)
        {
            yield return new TopicPut(topic);
        }
    }
}
