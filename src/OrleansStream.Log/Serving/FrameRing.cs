using OrleansStream.Log.Blocks;

namespace OrleansStream.Log.Serving;

/// <summary>
/// The frames of one partition that the tail cache holds, in offset order: a ring of runs that grows at one end and is evicted at the other. A run is the
/// partition's neighbouring frames in one block, so a busy partition of tiny batches does not cost an entry for each. Holds no memory while
/// empty. Guarded by the lock of its owner.
/// </summary>
internal struct FrameRing
{
    private const int SmallestRing = 4;

    private Run[]? _runs;
    private int _first;
    private int _count;

    public readonly bool IsEmpty => _count == 0;

    /// <summary>Bytes of all its frames.</summary>
    public readonly long Bytes => _count == 0 ? 0 : At(_count - 1).EndBytes - At(0).StartBytes;

    /// <summary>The offset at which it begins; there must be a frame.</summary>
    public readonly long BaseOffset => At(0).BaseOffset;

    /// <summary>The offset after the last one; there must be a frame.</summary>
    public readonly long EndOffset
    {
        get
        {
            ref readonly var last = ref At(_count - 1);
            return last.Block.Frames[last.FirstIndex + last.Count - 1].LastOffset.Value + 1;
        }
    }

    /// <summary>Whether a frame with this base offset leaves no hole.</summary>
    public readonly bool IsFollowedBy(long baseOffset) => _count == 0 || baseOffset == EndOffset;

    /// <summary>Whether a frame here ends at or above the offset, and none below it is missing.</summary>
    public readonly bool Holds(long offset) => _count > 0 && offset >= BaseOffset && offset < EndOffset;

    public void Add(Block block, int index)
    {
        ref readonly var entry = ref block.Frames[index];
        if (_count > 0)
        {
            ref var last = ref _runs![(_first + _count - 1) & (_runs.Length - 1)];
            if (ReferenceEquals(last.Block, block) && last.FirstIndex + last.Count == index)
            {
                last.Count++;
                last.Bytes += entry.Length;
                return;
            }
        }

        var start = _count == 0 ? 0 : At(_count - 1).EndBytes;
        if (_runs is null) _runs = new Run[SmallestRing];
        else if (_count == _runs.Length) Resize(_count * 2);
        _runs[(_first + _count) & (_runs.Length - 1)] = new Run { Block = block, FirstIndex = index, Count = 1, BaseOffset = entry.BaseOffset.Value, StartBytes = start, Bytes = entry.Length };
        _count++;
    }

    /// <summary>Drops the frames of this block, which stand at the front, since blocks are evicted in the order in which they came.</summary>
    public void Evict(Block block)
    {
        while (_count > 0 && ReferenceEquals(At(0).Block, block))
        {
            _runs![_first] = default;
            _first = (_first + 1) & (_runs.Length - 1);
            _count--;
        }

        // A burst must not leave its ring behind for ever; at a quarter, so that a steady state does not resize to and fro.
        if (_count == 0) Clear();
        else if (_runs!.Length > SmallestRing && _count <= _runs.Length / 4) Resize(_runs.Length / 2);
    }

    public void Clear()
    {
        _runs = null;
        _first = 0;
        _count = 0;
    }

    /// <summary>The first frame whose last offset is at or above this one; at the end if there is none.</summary>
    public readonly Cursor Find(long offset)
    {
        int low = 0, high = _count;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (At(middle).BaseOffset <= offset) low = middle + 1;
            else high = middle;
        }

        // The run before begins at or below the offset; it may end below it too where offsets have a gap.
        if (low == 0) return new Cursor(0, 0);
        var inside = At(low - 1).Find(offset);
        return inside < At(low - 1).Count ? new Cursor(low - 1, inside) : new Cursor(low, 0);
    }

    public readonly bool IsAtEnd(Cursor cursor) => cursor.Run >= _count;

    public readonly Cursor Next(Cursor cursor) =>
        cursor.Frame + 1 < At(cursor.Run).Count ? cursor with { Frame = cursor.Frame + 1 } : new Cursor(cursor.Run + 1, 0);

    public readonly Block BlockAt(Cursor cursor) => At(cursor.Run).Block;

    public readonly ref readonly FrameEntry EntryAt(Cursor cursor) => ref At(cursor.Run).EntryAt(cursor.Frame);

    /// <summary>Bytes from this frame to the end.</summary>
    public readonly long BytesFrom(Cursor cursor)
    {
        if (IsAtEnd(cursor)) return 0;

        // Frames stand in a block in the order of its directory, so neighbours leave nothing between them.
        ref readonly var run = ref At(cursor.Run);
        return At(_count - 1).EndBytes - run.StartBytes - (run.EntryAt(cursor.Frame).Position - run.EntryAt(0).Position);
    }

    private readonly ref readonly Run At(int index) => ref _runs![(_first + index) & (_runs.Length - 1)];

    private void Resize(int capacity)
    {
        var runs = new Run[capacity];
        for (var index = 0; index < _count; index++) runs[index] = At(index);
        _runs = runs;
        _first = 0;
    }

    /// <summary>Where a frame stands in the ring. Good as long as the ring does not change.</summary>
    internal readonly record struct Cursor(int Run, int Frame);

    /// <summary>Neighbouring frames in one block. Byte positions count from the frame that was the first when the ring last was empty, so that any range is one subtraction.</summary>
    private struct Run
    {
        public required Block Block { get; init; }

        public required int FirstIndex { get; init; }

        public required long BaseOffset { get; init; }

        public required long StartBytes { get; init; }

        public required int Count { get; set; }

        public required long Bytes { get; set; }

        public readonly long EndBytes => StartBytes + Bytes;

        public readonly ref readonly FrameEntry EntryAt(int frame) => ref Block.Frames[FirstIndex + frame];

        /// <summary>The first frame whose last offset is at or above this one; <see cref="Count"/> if there is none.</summary>
        public readonly int Find(long offset)
        {
            var entries = Block.Frames.Slice(FirstIndex, Count);
            int low = 0, high = Count;
            while (low < high)
            {
                var middle = (low + high) >>> 1;
                if (entries[middle].LastOffset.Value < offset) low = middle + 1;
                else high = middle;
            }

            return low;
        }
    }
}
