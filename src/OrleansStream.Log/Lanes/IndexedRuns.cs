using System.Runtime.InteropServices;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Manifests;
using OrleansStream.Model;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Lanes;

/// <summary>One partition's part of the lane index: runs of neighbouring frames in offset order. Its caller holds the index's lock.</summary>
internal sealed class IndexedRuns
{
    /// <summary>A run grows until it holds this many bytes, or the lane goes on in another file: what bounds the index's memory.</summary>
    private const int RunBytes = 64 * Limits.KiB;

    private readonly List<Run> _runs = [];

    // A run of frames that were inherited and carried counts as carried so often: how often a dead session carried them nobody knows (rule S4).
    private const int InheritedCarries = 2;

    private Offset _forgottenTo;

    /// <summary>The offset after the last frame ever added; -1 before the first.</summary>
    public long End { get; private set; } = -1;

    public int Count => _runs.Count;

    public void Add(in FrameEntry frame, in FramePosition at)
    {
        // A copy that was on its way when the frame was forgotten: a segment or log start covers it, and an entry would keep its slot for ever.
        if (at.IsCarried && frame.LastOffset < _forgottenTo) return;
        if (frame.BaseOffset.Value < End)
        {
            Carry(frame, at);
            return;
        }

        End = frame.LastOffset.Value + 1;
        var runs = CollectionsMarshal.AsSpan(_runs);
        if (runs.Length > 0 && runs[^1].TryExtend(frame, at)) return;

        _runs.Add(new Run(frame, at));
    }

    /// <summary>All that is not forgotten; null if that is nothing.</summary>
    /// <param name="maxAge">How old a frame becomes before it is due, in ticks of <see cref="FramePosition.At"/>; once again as old for each time that it was carried.</param>
    public (Offset LastOffset, long Bytes, int Carries, long DueAt)? All(long maxAge)
    {
        (Offset LastOffset, long Bytes, int Carries, long DueAt)? all = null;
        foreach (ref readonly var run in CollectionsMarshal.AsSpan(_runs))
        {
            all = (run.LastOffset, (all?.Bytes ?? 0) + run.Bytes, Math.Max(all?.Carries ?? 0, run.Carries), Math.Min(all?.DueAt ?? long.MaxValue, run.DueAt(maxAge)));
        }

        return all;
    }

    /// <summary>Whether every offset between the two, both included, stands in a run.</summary>
    public bool Holds(Offset first, Offset last)
    {
        var runs = CollectionsMarshal.AsSpan(_runs);
        for (var i = FirstAtOrAbove(first); i < runs.Length && runs[i].BaseOffset <= first; i++)
        {
            if (runs[i].LastOffset >= last) return true;
            first = runs[i].LastOffset + 1;
        }

        return false;
    }

    /// <summary>The lowest slot of all runs; null if there is none (rule T1).</summary>
    public Slot? LowestSlot()
    {
        Slot? lowest = null;
        foreach (ref readonly var run in CollectionsMarshal.AsSpan(_runs))
        {
            if (lowest is null || run.FirstSlot < lowest) lowest = run.FirstSlot;
        }

        return lowest;
    }

    /// <summary>The runs that reach into slots below the end; null if there is none.</summary>
    public (Offset LastOffset, long Bytes, int Carries)? Below(Slot end)
    {
        (Offset LastOffset, long Bytes, int Carries)? below = null;
        foreach (ref readonly var run in CollectionsMarshal.AsSpan(_runs))
        {
            if (run.FirstSlot < end) below = (run.LastOffset, (below?.Bytes ?? 0) + run.Bytes, Math.Max(below?.Carries ?? 0, run.Carries));
        }

        return below;
    }

    public void CopyTo(SessionId session, Offset from, List<WalExtent> extents, int limit)
    {
        var runs = CollectionsMarshal.AsSpan(_runs);
        for (var i = FirstAtOrAbove(from); i < runs.Length && limit > 0; i++, limit--) extents.Add(runs[i].ToExtent(session));
    }

    /// <summary>The same for all runs, which take no further frames until they are carried: else one that comes meanwhile would keep its run from being whole.</summary>
    public void CopyForCarry(SessionId session, List<WalExtent> extents)
    {
        foreach (ref var run in CollectionsMarshal.AsSpan(_runs))
        {
            run.Close();
            extents.Add(run.ToExtent(session));
        }
    }

    public void ForgetBelow(Offset offset)
    {
        _runs.RemoveRange(0, FirstAtOrAbove(offset));
        _forgottenTo = Offset.Max(_forgottenTo, offset);
    }

    // A carried frame (rule S4): never a second run, it would be cut twice. The run's slots are replaced once all of it was carried; until then it
    // reaches from the old slots to the new ones, and the copy in the highest slot counts. What was inherited from a dead session has no run yet, and gets one.
    private void Carry(in FrameEntry frame, in FramePosition at)
    {
        var runs = CollectionsMarshal.AsSpan(_runs);
        var index = FirstAtOrAbove(frame.BaseOffset);
        if (index < runs.Length && runs[index].BaseOffset <= frame.BaseOffset) runs[index].Carry(frame, at);
        else if (at.IsCarried && !(index > 0 && runs[index - 1].TryExtend(frame, at))) _runs.Insert(index, new Run(frame, at));
    }

    /// <summary>The first run whose last offset is at or above this one.</summary>
    private int FirstAtOrAbove(Offset offset)
    {
        var runs = CollectionsMarshal.AsSpan(_runs);
        int low = 0, high = runs.Length;
        while (low < high)
        {
            var middle = (low + high) >> 1;
            if (runs[middle].LastOffset < offset) low = middle + 1;
            else high = middle;
        }

        return low;
    }

    private struct Run(in FrameEntry first, in FramePosition at)
    {
        private readonly long _since = at.At;

        // Frames of an earlier session: never mixed with those of this one, since the manifest may name where they stood before.
        private readonly bool _isInherited = at.IsCarried;
        private Slot _lastSlot = at.Slot;
        private long _maxTimestampMs = first.MaxTimestampMs;
        private long _region = at.Region;
        private Offset _carriedTo = first.BaseOffset;
        private Slot _carriedFirst;
        private int _carriedHere;
        private bool _isClosed;

        public Offset BaseOffset { get; } = first.BaseOffset;

        public Slot FirstSlot { get; private set; } = at.Slot;

        public long Bytes { get; private set; } = first.Length;

        /// <summary>How often all of it was carried forward.</summary>
        public readonly int Carries => _carriedHere + (_isInherited ? InheritedCarries : 0);

        public Offset LastOffset { get; private set; } = first.LastOffset;

        /// <summary>When it is too old to stay where it is.</summary>
        public readonly long DueAt(long maxAge) => _since + ((_carriedHere + 1) * maxAge);

        public bool TryExtend(in FrameEntry frame, in FramePosition at)
        {
            if (Bytes >= RunBytes || at.Region != _region || _isClosed || at.IsCarried != _isInherited || frame.BaseOffset != LastOffset + 1) return false;

            LastOffset = frame.LastOffset;
            _lastSlot = at.Slot > _lastSlot ? at.Slot : _lastSlot;
            Bytes += frame.Length;
            _maxTimestampMs = Math.Max(_maxTimestampMs, frame.MaxTimestampMs);
            return true;
        }

        public void Carry(in FrameEntry frame, in FramePosition at)
        {
            if (at.Slot > _lastSlot) _lastSlot = at.Slot;
            if (frame.BaseOffset != _carriedTo) return;

            if (_carriedTo == BaseOffset) _carriedFirst = at.Slot;
            _carriedTo = frame.LastOffset + 1;
            if (_carriedTo <= LastOffset) return;

            FirstSlot = _carriedFirst;
            _region = at.Region;
            _carriedTo = BaseOffset;
            _carriedHere++;
            _isClosed = false;
        }

        public void Close() => _isClosed = true;

        public readonly WalExtent ToExtent(SessionId session) => new(session, FirstSlot, _lastSlot, BaseOffset, LastOffset, Bytes, _maxTimestampMs);
    }
}
