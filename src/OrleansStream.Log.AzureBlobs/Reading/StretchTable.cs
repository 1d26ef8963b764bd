using System.Runtime.InteropServices;

namespace OrleansStream.Log.AzureBlobs.Reading;

/// <summary>Which stretch has a window of an object, loaded or on its way. Its caller holds the lock of the cache.</summary>
internal sealed class StretchTable
{
    // Objects are tens of MiB at most, so a list of stretches is short.
    private readonly Dictionary<string, List<Stretch>> _objects = new(StringComparer.Ordinal);

    /// <summary>All of an object, in a list of its own.</summary>
    public Stretch[] Of(string name) => _objects.TryGetValue(name, out var stretches) ? [.. stretches] : [];

    public Stretch? Find(string name, int window)
    {
        if (!_objects.TryGetValue(name, out var stretches)) return null;
        foreach (var stretch in CollectionsMarshal.AsSpan(stretches))
        {
            if (window >= stretch.First && window < stretch.End) return stretch;
        }

        return null;
    }

    /// <summary>The first run of windows from this one to the last that no stretch has; null if there is none.</summary>
    /// <param name="name">The object.</param>
    /// <param name="window">The first window.</param>
    /// <param name="last">The last window, inclusive.</param>
    /// <param name="next">The window behind the run.</param>
    public (int First, int Count)? MissingFrom(string name, int window, int last, out int next)
    {
        while (window <= last && Find(name, window) is { } known) window = known.End;
        var first = window;
        while (window <= last && Find(name, window) is null) window++;
        next = window;
        return window > first ? (first, window - first) : null;
    }

    public void Add(Stretch stretch)
    {
        ref var stretches = ref CollectionsMarshal.GetValueRefOrAddDefault(_objects, stretch.Name, out _);
        (stretches ??= new List<Stretch>(1)).Add(stretch);
    }

    /// <summary>False if it was not there.</summary>
    public bool Remove(Stretch stretch)
    {
        if (!_objects.TryGetValue(stretch.Name, out var stretches) || !stretches.Remove(stretch)) return false;
        if (stretches.Count == 0) _objects.Remove(stretch.Name);
        return true;
    }
}
