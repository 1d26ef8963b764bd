using OrleansStream.Log.Blocks;
using OrleansStream.Log.Manifests;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Reading;

/// <summary>
/// Finds out which frames one read of a WAL extent takes, from the directories of its blocks, each of which is looked at once. Frames mostly stand in the order
/// of their offsets, and then as many blocks are looked at as are needed. Carried frames stand behind frames with higher offsets (rule S4): as long as offsets
/// are missing on the way, the walk goes on, at the worst over all slots of the extent.
/// </summary>
/// <remarks>
/// A walk that begins within the extent does not know how far it is from the frame: records come in bursts. So it goes on from there and from the extent's
/// first slot in turns, twice as far each time, and costs a few times what the better of the two would have.
/// </remarks>
internal sealed class WalWalk
{
    private readonly WalRequest _request;
    private readonly bool _isResumed;
    private readonly Offset _from;
    private readonly List<WalkedFrame> _found = [];

    // Frames above the first offset that is missing, by their own first one.
    private readonly PriorityQueue<(Offset LastOffset, int Length), long> _above = new();
    private Offset _next;
    private long _bytes;
    private WalkSide? _startedOn;

    // Looked at are the slots below the first of these, and those from the second up to the third.
    private Slot _lowEnd;
    private Slot _begin;
    private Slot _end;
    private bool _isLowClosed;
    private bool _isLowNext;
    private long _step = 1;

    /// <param name="request">What is wanted.</param>
    /// <param name="resumeAt">Where the read before has ended; null if there was none.</param>
    public WalWalk(WalRequest request, Slot? resumeAt)
    {
        var extent = request.Extent;
        _request = request;
        _isResumed = resumeAt is { } at && at >= extent.FirstSlot && at <= extent.LastSlot;
        _from = _next = Offset.Max(request.From, extent.BaseOffset);
        _lowEnd = extent.FirstSlot;
        _begin = _end = _isResumed ? resumeAt!.Value : Guess(request);
    }

    public SessionId Session => _request.Extent.Session;

    /// <summary>For a person.</summary>
    public string Wanted => $"partition {_request.Partition}, offsets {_next} to {_request.Extent.LastOffset}";

    /// <summary>Nothing more needs to be looked at.</summary>
    public bool IsDone => _request.From > _request.Extent.LastOffset || HasEnough || (IsBelowKnown && IsAboveKnown);

    /// <summary>The whole extent fits into what is wanted.</summary>
    public bool WantsAll => _request.From <= _request.Extent.BaseOffset && _request.Extent.Bytes <= _request.MaxBytes;

    private bool HasEnough => _bytes >= _request.MaxBytes || _next > _request.Extent.LastOffset;

    private bool HasGap => _above.Count > 0;

    private bool IsBelowKnown => _lowEnd >= _begin;

    private bool IsAboveKnown => _end > _request.Extent.LastSlot;

    /// <summary>The slots to look at next, in their order, unless the walk is done.</summary>
    public WalkStretch Next()
    {
        // What the extent begins with is what is wanted, or all below is known: then it is only a matter of going on.
        if (IsBelowKnown) return new WalkStretch(_end, _request.Extent.LastSlot, WalkSide.Up);

        var goesOnAbove = !HasGap && !IsAboveKnown && (_startedOn is { } side ? side != WalkSide.Low : _isResumed);
        var goesOnLow = !HasGap && !_isLowClosed && _startedOn == WalkSide.Low;
        var isLow = goesOnLow || (!goesOnAbove && _isLowNext && !_isLowClosed);

        var length = _step;
        if (goesOnLow || goesOnAbove || isLow || _isLowClosed) _step *= 2;
        _isLowNext = !isLow;
        if (isLow) return new WalkStretch(_lowEnd, new Slot(Math.Min(_lowEnd.Value + length, _begin.Value) - 1), WalkSide.Low);
        return HasGap || IsAboveKnown
            ? new WalkStretch(new Slot(Math.Max(_begin.Value - length, _lowEnd.Value)), new Slot(_begin.Value - 1), WalkSide.Down)
            : new WalkStretch(_end, new Slot(Math.Min(_end.Value + length - 1, _request.Extent.LastSlot.Value)), WalkSide.Up);
    }

    /// <summary>Looks at the next slot of a stretch.</summary>
    public void Look(BlockDirectory block, in WalkStretch stretch)
    {
        var extent = _request.Extent;
        foreach (ref readonly var frame in block.FramesOf(_request.Partition))
        {
            // Frames beside the extent belong to its neighbours, or to an earlier time of the partition in this session.
            if (frame.LastOffset < _request.From || frame.BaseOffset < extent.BaseOffset || frame.LastOffset > extent.LastOffset) continue;

            _found.Add(new WalkedFrame(block, frame));
            if (frame.LastOffset < _next) continue; // A copy.
            if (frame.BaseOffset <= _from) _startedOn ??= stretch.Side;
            _above.Enqueue((frame.LastOffset, frame.Length), frame.BaseOffset.Value);
            GoOn();
        }

        if (stretch.Side == WalkSide.Up) _end = block.Slot.Next;
        else if (stretch.Side == WalkSide.Low) _lowEnd = block.Slot.Next;
        else if (block.Slot >= stretch.Last) _begin = stretch.First;
    }

    /// <summary>A slot could not be looked at that may not be needed: if it is, then the walk comes to it from above.</summary>
    public void CloseLow() => _isLowClosed = true;

    // Where the first wanted frame stands if the partition's frames are spread evenly over the extent, and it has neither copies nor frames out of order.
    private static Slot Guess(in WalRequest request)
    {
        var extent = request.Extent;
        if (request.From <= extent.BaseOffset || request.From > extent.LastOffset) return extent.FirstSlot;
        var share = (double)(request.From.Value - extent.BaseOffset.Value) / (extent.LastOffset.Value - extent.BaseOffset.Value);
        return new Slot(extent.FirstSlot.Value + (long)(share * (extent.LastSlot.Value - extent.FirstSlot.Value)));
    }

    private void GoOn()
    {
        while (_above.TryPeek(out var frame, out var baseOffset) && baseOffset <= _next.Value)
        {
            _above.Dequeue();
            if (frame.LastOffset < _next) continue;
            _next = frame.LastOffset + 1;
            _bytes += frame.Length;
        }
    }

    /// <summary>The frames to take, in offset order: each once, of copies the one in the highest slot that was looked at (rule R2), and as many as fit.</summary>
    public List<WalkedFrame> Take()
    {
        _found.Sort(static (left, right) => left.Frame.BaseOffset != right.Frame.BaseOffset
            ? left.Frame.BaseOffset.CompareTo(right.Frame.BaseOffset)
            : right.Block.Slot.CompareTo(left.Block.Slot));

        var taken = 0;
        long bytes = 0;
        var next = _request.From;
        for (var index = 0; index < _found.Count; index++)
        {
            var found = _found[index];
            if (found.Frame.LastOffset < next) continue; // An older copy.
            if (taken > 0 && bytes + found.Frame.Length > _request.MaxBytes) break;

            bytes += found.Frame.Length;
            next = found.Frame.LastOffset + 1;
            _found[taken++] = found;
            if (bytes >= _request.MaxBytes) break;
        }

        _found.RemoveRange(taken, _found.Count - taken);
        return _found;
    }
}

/// <summary>What is to be read of a WAL extent.</summary>
internal readonly record struct WalRequest(PartitionId Partition, WalExtent Extent, Offset From, int MaxBytes);

/// <summary>A frame and the block that has it.</summary>
internal readonly record struct WalkedFrame(BlockDirectory Block, FrameEntry Frame);

/// <summary>Slots that are looked at one after another.</summary>
internal readonly record struct WalkStretch(Slot First, Slot Last, WalkSide Side);

/// <summary>Where a walk goes on.</summary>
internal enum WalkSide
{
    /// <summary>Above the place where it began.</summary>
    Up,

    /// <summary>Below that.</summary>
    Down,

    /// <summary>From the extent's first slot.</summary>
    Low,
}
