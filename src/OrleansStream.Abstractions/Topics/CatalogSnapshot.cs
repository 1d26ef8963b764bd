using System.Collections.Immutable;
using OrleansStream.Model.Ids;

namespace OrleansStream.Abstractions.Topics;

/// <summary>Every topic of the cluster as of one version of the catalog. Immutable, so that a request sees one state from its first look to its last.</summary>
public sealed class CatalogSnapshot
{
    public static readonly CatalogSnapshot Empty = new(0, ImmutableDictionary.Create<string, Topic>(StringComparer.Ordinal), ImmutableDictionary<TopicId, Topic>.Empty);

    private readonly ImmutableDictionary<string, Topic> _byName;
    private readonly ImmutableDictionary<TopicId, Topic> _byId;

    private CatalogSnapshot(long version, ImmutableDictionary<string, Topic> byName, ImmutableDictionary<TopicId, Topic> byId)
    {
        Version = version;
        _byName = byName;
        _byId = byId;
    }

    /// <summary>Rises with each change, by one or more.</summary>
    public long Version { get; }

    public int Count => _byName.Count;

    /// <summary>In no order.</summary>
    public IEnumerable<Topic> Topics => _byName.Values;

    public Topic? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>A topic whose name differs from this one only by '.' and '_', or null. Looks at every topic: for a request that changes nothing.</summary>
    public Topic? FindColliding(string name)
    {
        var collapsed = TopicName.Collapse(name);
        return _byName.Values.FirstOrDefault(topic => topic.Name != name && TopicName.Collapse(topic.Name) == collapsed);
    }

    public Topic? Find(TopicId id) => _byId.GetValueOrDefault(id);

    /// <summary>The next version: with this topic, or with its newest form.</summary>
    public CatalogSnapshot With(Topic topic, long version) =>
        new(version, _byName.SetItem(topic.Name, topic), _byId.SetItem(topic.Id, topic));

    /// <summary>The next version: without the topic.</summary>
    public CatalogSnapshot Without(Topic topic, long version) =>
        new(version, _byName.Remove(topic.Name), _byId.Remove(topic.Id));

    /// <summary>The next version, as the step says. One that removes a topic which is not there only raises the version.</summary>
    public CatalogSnapshot After(CatalogStep step) =>
        step.Put is { } topic ? With(topic, step.To)
        : step.Removed is { } id && Find(id) is { } removed ? Without(removed, step.To)
        : At(step.To);

    /// <summary>The same topics as of another version.</summary>
    public CatalogSnapshot At(long version) => new(version, _byName, _byId);
}
