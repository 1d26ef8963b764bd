namespace OrleansStream.Log.Segments;

/// <summary>The indexes of segments that were read last, in a bounded number of bytes.</summary>
internal sealed class FooterCache(long maxBytes)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, LinkedListNode<(string Name, SegmentFooter Footer)>> _byName = new(StringComparer.Ordinal);
    private readonly LinkedList<(string Name, SegmentFooter Footer)> _byUse = [];
    private long _bytes;

    public long Bytes => Interlocked.Read(ref _bytes);

    public SegmentFooter? Find(string name)
    {
        lock (_lock)
        {
            if (!_byName.TryGetValue(name, out var node)) return null;

            _byUse.Remove(node);
            _byUse.AddLast(node);
            return node.Value.Footer;
        }
    }

    /// <summary>Keeps the footer, and gives up those used longest ago. One that alone is over the bound is not kept.</summary>
    public void Add(string name, SegmentFooter footer)
    {
        lock (_lock)
        {
            if (_byName.ContainsKey(name)) return;

            _byName[name] = _byUse.AddLast((name, footer));
            _bytes += footer.ChargedBytes;
            while (_bytes > maxBytes && _byUse.First is { } oldest)
            {
                _byUse.RemoveFirst();
                _byName.Remove(oldest.Value.Name);
                _bytes -= oldest.Value.Footer.ChargedBytes;
            }
        }
    }
}
