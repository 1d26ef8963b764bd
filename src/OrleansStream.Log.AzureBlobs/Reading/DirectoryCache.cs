using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Reading;

/// <summary>The directories of blocks that were used last, in a bounded number of bytes: with one at hand a partition's frames take one range read.</summary>
internal sealed class DirectoryCache(long maxBytes)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(SessionId Session, Slot Slot), LinkedListNode<Kept>> _bySlot = [];
    private readonly LinkedList<Kept> _byUse = [];
    private long _bytes;

    public long Bytes => Interlocked.Read(ref _bytes);

    public BlockDirectory? Find(SessionId session, Slot slot)
    {
        lock (_gate)
        {
            if (!_bySlot.TryGetValue((session, slot), out var node)) return null;

            _byUse.Remove(node);
            _byUse.AddLast(node);
            return node.Value.Directory;
        }
    }

    /// <summary>Keeps the directory, and gives up those used longest ago. One that alone is over the bound is not kept.</summary>
    public void Add(SessionId session, BlockDirectory directory)
    {
        lock (_gate)
        {
            var key = (session, directory.Slot);
            if (_bySlot.ContainsKey(key)) return;

            _bySlot[key] = _byUse.AddLast(new Kept(session, directory));
            _bytes += directory.ChargedBytes;
            while (_bytes > maxBytes && _byUse.First is { } oldest) Remove(oldest);
        }
    }

    private void Remove(LinkedListNode<Kept> node)
    {
        _byUse.Remove(node);
        _bySlot.Remove((node.Value.Session, node.Value.Directory.Slot));
        _bytes -= node.Value.Directory.ChargedBytes;
    }

    private readonly record struct Kept(SessionId Session, BlockDirectory Directory);
}
