using OrleansStream.Abstractions.Topics;
using OrleansStream.Log.Serving;

namespace OrleansStream.Grains.Partitions;

/// <summary>Puts changed topic configs into force on the partitions that are open, as soon as the catalog's view has them.</summary>
internal sealed class SettingsFollower(HandleTable handles, CatalogView view, TopicSettings settings) : IDisposable
{
    private CatalogSnapshot _last = CatalogSnapshot.Empty;

    public void Follow() => view.Changed += OnChanged;

    public void Dispose() => view.Changed -= OnChanged;

    // Snapshots come one after the other. Most changes touch no open partition: a new topic has none.
    private void OnChanged(CatalogSnapshot snapshot)
    {
        var before = _last;
        _last = snapshot;
        foreach (var handle in handles.All)
        {
            var topic = snapshot.Find(handle.Id.Topic);
            if (topic is not null && !ReferenceEquals(topic.Configs, before.Find(handle.Id.Topic)?.Configs))
            {
                handle.Configure(settings.Of(topic.Configs));
            }
        }
    }
}
