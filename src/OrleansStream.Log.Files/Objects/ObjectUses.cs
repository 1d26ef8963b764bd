namespace OrleansStream.Log.Files.Objects;

/// <summary>Which objects are being read, and which are being deleted that nobody reads.</summary>
internal sealed class ObjectUses
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _readers = new(StringComparer.Ordinal);
    private readonly HashSet<string> _deleting = new(StringComparer.Ordinal);

    /// <summary>False if the object is being deleted: it is as good as gone.</summary>
    public bool TryBeginRead(string path)
    {
        lock (_gate)
        {
            if (_deleting.Contains(path)) return false;
            _readers[path] = _readers.GetValueOrDefault(path) + 1;
            return true;
        }
    }

    public void EndRead(string path)
    {
        lock (_gate)
        {
            if (--_readers[path] == 0) _readers.Remove(path);
        }
    }

    /// <summary>Keeps new readers away. False, and nothing is kept away, if somebody reads the object or deletes it already.</summary>
    public bool TryBeginDelete(string path)
    {
        lock (_gate) return !_readers.ContainsKey(path) && _deleting.Add(path);
    }

    public void EndDelete(string path)
    {
        lock (_gate) _deleting.Remove(path);
    }
}
