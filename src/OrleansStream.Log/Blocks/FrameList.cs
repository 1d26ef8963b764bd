namespace OrleansStream.Log.Blocks;

/// <summary>Frames of one read, in offset order, each with the lease that keeps its bytes. Disposing gives all leases back and empties the list, which may then be used again.</summary>
public sealed class FrameList : IDisposable
{
    private readonly List<LeasedFrame> _frames = [];

    public int Count => _frames.Count;

    /// <summary>Sum of the frames' lengths.</summary>
    public long Bytes { get; private set; }

    public LeasedFrame this[int index] => _frames[index];

    /// <summary>Takes over the lease.</summary>
    public void Add(in LeasedFrame frame)
    {
        _frames.Add(frame);
        Bytes += frame.Entry.Length;
    }

    /// <summary>Gives the leases of the last frames back, so that this many are left.</summary>
    public void Cut(int count)
    {
        for (var index = _frames.Count - 1; index >= count; index--)
        {
            Bytes -= _frames[index].Entry.Length;
            _frames[index].Lease.Dispose();
            _frames.RemoveAt(index);
        }
    }

    public void Dispose()
    {
        foreach (var frame in _frames)
        {
            frame.Lease.Dispose();
        }

        _frames.Clear();
        Bytes = 0;
    }
}

/// <summary>A frame and the right to read it.</summary>
public readonly record struct LeasedFrame(BlockLease Lease, FrameEntry Entry)
{
    /// <summary>The frame as stored. Valid until the lease is given back.</summary>
    public ReadOnlyMemory<byte> Bytes => Lease.Memory.Slice(Entry.Position, Entry.Length);
}
