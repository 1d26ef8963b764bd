namespace OrleansStream.Abstractions.Topics;

/// <summary>This broker's copy of the catalog: what Metadata and Produce go by without asking a grain. Written by whoever follows the catalog, read by all.</summary>
public sealed class CatalogView
{
    private readonly Lock _publishing = new();
    private volatile CatalogSnapshot _current = CatalogSnapshot.Empty;
    private volatile bool _loaded;

    public CatalogSnapshot Current => _current;

    /// <summary>False until the catalog was read once since this broker started: an unknown topic may only be unknown yet.</summary>
    public bool IsLoaded => _loaded;

    /// <summary>Told of each new snapshot, in order, on the thread that published it. Must not block.</summary>
    public event Action<CatalogSnapshot>? Changed;

    /// <summary>Takes a snapshot that is newer than the current one; an older one is left alone.</summary>
    public void Publish(CatalogSnapshot snapshot)
    {
        lock (_publishing)
        {
            if (_loaded && snapshot.Version <= _current.Version)
            {
                return;
            }

            _current = snapshot;
            _loaded = true;
            Changed?.Invoke(snapshot);
        }
    }
}
