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

    /// <summary>Waits until the catalog was read once since this broker started.</summary>
    public async Task WhenLoadedAsync(CancellationToken cancellationToken)
    {
        var loaded = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        void OnChanged(CatalogSnapshot snapshot) => loaded.TrySetResult();
        Changed += OnChanged;
        try
        {
            if (!IsLoaded)
            {
                await loaded.Task.WaitAsync(cancellationToken);
            }
        }
        finally
        {
            Changed -= OnChanged;
        }
    }

    /// <summary>Takes a snapshot that is newer than the current one; an older one is left alone.</summary>
    public void Publish(CatalogSnapshot snapshot)
    {
        lock (_publishing)
        {
            if (!_loaded || snapshot.Version > _current.Version)
            {
                Take(snapshot);
            }
        }
    }

    /// <summary>Takes a step that leads from the current version on.</summary>
    /// <returns>False if the view is older: it missed steps, and needs the whole catalog. A step that it has taken already is no failure.</returns>
    public bool TryTake(CatalogStep step)
    {
        lock (_publishing)
        {
            if (!_loaded || step.From > _current.Version)
            {
                return false;
            }

            // A view that was given a whole catalog may have been told of this step by it.
            if (step.From == _current.Version)
            {
                Take(_current.After(step));
            }

            return step.To <= _current.Version;
        }
    }

    private void Take(CatalogSnapshot snapshot)
    {
        _current = snapshot;
        _loaded = true;
        Changed?.Invoke(snapshot);
    }
}
