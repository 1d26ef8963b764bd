using System.Diagnostics.CodeAnalysis;

namespace OrleansStream.Log.Blocks;

/// <summary>
/// Frames of one read, in offset order, with the leases that keep their bytes: one lease for all neighbouring frames of one block, since a partition of
/// small batches has ten thousand of them in a megabyte. Disposing gives the leases back and empties the list, which may then be used again.
/// </summary>
public sealed class FrameList : IDisposable
{
    private readonly List<FrameEntry> _frames = [];
    private readonly List<Run> _runs = [];

    public int Count => _frames.Count;

    /// <summary>Sum of the frames' lengths.</summary>
    public long Bytes { get; private set; }

    /// <summary>A frame with the right to read it, which stays the list's.</summary>
    public LeasedFrame this[int index]
    {
        get
        {
            if ((uint)index >= (uint)_frames.Count) Refuse(index);
            return new LeasedFrame(_runs[RunOf(index)].Lease, _frames[index]);
        }
    }

    /// <summary>Takes over the lease.</summary>
    public void Add(in LeasedFrame frame)
    {
        _runs.Add(new Run(frame.Lease, _frames.Count));
        Append(frame.Entry);
    }

    /// <summary>Adds a frame under the lease of the frame before it. False if that is of another block, or there is none: <see cref="Add"/> takes it with a lease of its own.</summary>
    public bool TryAdd(Block block, in FrameEntry entry)
    {
        if (_runs.Count == 0 || !ReferenceEquals(_runs[^1].Lease.Block, block)) return false;

        Append(entry);
        return true;
    }

    /// <summary>Bytes of the frames from this one on that lie in memory one behind the other, and the frame after them. Valid until the leases are given back.</summary>
    public ReadOnlyMemory<byte> Stretch(int index, out int next)
    {
        var run = RunOf(index);
        var runEnd = run + 1 < _runs.Count ? _runs[run + 1].First : _frames.Count;
        var start = _frames[index].Position;
        var end = start + _frames[index].Length;
        for (next = index + 1; next < runEnd && _frames[next].Position == end; next++) end += _frames[next].Length;
        return _runs[run].Lease.Memory[start..end];
    }

    /// <summary>Drops the last frames, so that this many are left, and gives the leases back that nothing needs any more.</summary>
    public void Cut(int count)
    {
        for (var index = _frames.Count - 1; index >= count; index--)
        {
            Bytes -= _frames[index].Length;
            _frames.RemoveAt(index);
        }

        while (_runs.Count > 0 && _runs[^1].First >= count)
        {
            _runs[^1].Lease.Dispose();
            _runs.RemoveAt(_runs.Count - 1);
        }
    }

    public void Dispose()
    {
        foreach (var run in _runs)
        {
            run.Lease.Dispose();
        }

        _runs.Clear();
        _frames.Clear();
        Bytes = 0;
    }

    private void Append(in FrameEntry entry)
    {
        _frames.Add(entry);
        Bytes += entry.Length;
    }

    private int RunOf(int index)
    {
        int low = 0, high = _runs.Count;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (_runs[middle].First <= index) low = middle + 1;
            else high = middle;
        }

        return low - 1;
    }

    [DoesNotReturn]
    private static void Refuse(int index) => throw new ArgumentOutOfRangeException(nameof(index), index, "There is no such frame.");

    private readonly record struct Run(BlockLease Lease, int First);
}

/// <summary>A frame and the right to read it.</summary>
public readonly record struct LeasedFrame(BlockLease Lease, FrameEntry Entry)
{
    /// <summary>The frame as stored. Valid until the lease is given back.</summary>
    public ReadOnlyMemory<byte> Bytes => Lease.Memory.Slice(Entry.Position, Entry.Length);
}
