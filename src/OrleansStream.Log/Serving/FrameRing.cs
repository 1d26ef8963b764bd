using OrleansStream.Log.Blocks;

namespace OrleansStream.Log.Serving;

/// <summary>The frames of one partition that the tail cache holds, in offset order: a ring that grows at one end and is evicted at the other. Holds no memory while empty. Guarded by the lock of its owner.</summary>
internal struct FrameRing
{
    private const int SmallestRing = 4;

    private Frame[]? _frames;
    private int _first;

    public int Count { get; private set; }

    /// <summary>Bytes of all its frames.</summary>
    public readonly long Bytes => Count == 0 ? 0 : At(Count - 1).EndBytes - At(0).StartBytes;

    /// <summary>The offset at which it begins; there must be a frame.</summary>
    public readonly long BaseOffset => At(0).BaseOffset;

    /// <summary>The offset after the last one; there must be a frame.</summary>
    public readonly long EndOffset => At(Count - 1).Entry.LastOffset.Value + 1;

    /// <summary>Whether a frame with this base offset leaves no hole.</summary>
    public readonly bool IsFollowedBy(long baseOffset) => Count == 0 || baseOffset == EndOffset;

    public readonly ref readonly Frame At(int index) => ref _frames![(_first + index) & (_frames.Length - 1)];

    public void Add(Block block, int index)
    {
        ref readonly var entry = ref block.Frames[index];
        var start = Count == 0 ? 0 : At(Count - 1).EndBytes;
        if (_frames is null) _frames = new Frame[SmallestRing];
        else if (Count == _frames.Length) Resize(Count * 2);
        _frames[(_first + Count) & (_frames.Length - 1)] = new Frame(block, index, entry.BaseOffset.Value, start, entry.Length);
        Count++;
    }

    /// <summary>Drops the frames of this block, which stand at the front, since blocks are evicted in the order in which they came.</summary>
    public void Evict(Block block)
    {
        while (Count > 0 && ReferenceEquals(At(0).Block, block))
        {
            _frames![_first] = default;
            _first = (_first + 1) & (_frames.Length - 1);
            Count--;
        }

        // A burst must not leave its ring behind for ever; at a quarter, so that a steady state does not resize to and fro.
        if (Count == 0) Clear();
        else if (_frames!.Length > SmallestRing && Count <= _frames.Length / 4) Resize(_frames.Length / 2);
    }

    public void Clear()
    {
        _frames = null;
        _first = 0;
        Count = 0;
    }

    /// <summary>The first frame whose last offset is at or above this one; <see cref="Count"/> if there is none.</summary>
    public readonly int IndexOf(long offset)
    {
        int low = 0, high = Count;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (At(middle).BaseOffset <= offset) low = middle + 1;
            else high = middle;
        }

        // The frame before begins at or below the offset; it may end below it too where offsets have a gap.
        return low > 0 && At(low - 1).Entry.LastOffset.Value >= offset ? low - 1 : low;
    }

    /// <summary>Bytes from this frame to the end.</summary>
    public readonly long BytesFrom(int index) => index >= Count ? 0 : At(Count - 1).EndBytes - At(index).StartBytes;

    private void Resize(int capacity)
    {
        var frames = new Frame[capacity];
        for (var index = 0; index < Count; index++) frames[index] = At(index);
        _frames = frames;
        _first = 0;
    }

    /// <summary>Where a frame is. Positions count from the frame that was the first when the ring last was empty, so that any range is one subtraction.</summary>
    internal readonly record struct Frame(Block Block, int Index, long BaseOffset, long StartBytes, int Length)
    {
        public long EndBytes => StartBytes + Length;

        public ref readonly FrameEntry Entry => ref Block.Frames[Index];
    }
}
