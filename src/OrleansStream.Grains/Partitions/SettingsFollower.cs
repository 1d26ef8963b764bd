using OrleansStream.Abstractions.Topics;
using OrleansStream.Log.Serving;

namespace OrleansStream.Grains.Partitions;

/// <summary>Puts changed topic configs into force on the partitions that are open, as soon as the catalog's view has them.</summary>
internal sealed class SettingsFollower : IDisposable
{
    private readonly HandleTable _handles;
    private readonly CatalogView _view;
    private readonly TopicSettings _settings;
    private CatalogSnapshot _last = CatalogSnapshot.Empty;

    public SettingsFollower(HandleTable handles, CatalogView view, TopicSettings settings)
    {
        _handles = handles;
        _view = view;
        _settings = settings;
        view.Changed += OnChanged;
    }

    public void Dispose() => _view.Changed -= OnChanged;

    // Snapshots come one after the other. Most changes touch no open partition: a new topic has none.
    private void OnChanged(CatalogSnapshot snapshot)
    {
        var before = _last;
        _last = snapshot;
        foreach (var handle in _handles.All)
        {
            var topic = snapshot.Find(handle.Id.Topic);
            if (topic is not null && !ReferenceEquals(topic.Configs, before.Find(handle.Id.Topic)?.Configs))
            {
                handle.Configure(_settings.Of(topic.Configs));
            }
        }
    }
}
