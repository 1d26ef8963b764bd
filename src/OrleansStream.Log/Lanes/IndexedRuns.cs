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

    /// <summary>The offset after the last frame ever added; -1 before the first.</summary>
    public long End { get; private set; } = -1;

    public int Count => _runs.Count;

    public void Add(in FrameEntry frame, Slot slot, long region)
    {
        if (frame.BaseOffset.Value < End)
        {
            Carry(frame, slot, region);
            return;
        }

        End = frame.LastOffset.Value + 1;
        var runs = CollectionsMarshal.AsSpan(_runs);
        if (runs.Length > 0 && runs[^1].TryExtend(frame, slot, region)) return;

        _runs.Add(new Run(frame, slot, region));
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

    public void ForgetBelow(Offset offset) => _runs.RemoveRange(0, FirstAtOrAbove(offset));

    // A carried frame (rule S4): never a second run, it would be cut twice. The run's slots are replaced once all of it was carried; until then it
    // reaches from the old slots to the new ones, and the copy in the highest slot counts.
    private void Carry(in FrameEntry frame, Slot slot, long region)
    {
        var runs = CollectionsMarshal.AsSpan(_runs);
        var at = FirstAtOrAbove(frame.BaseOffset);
        if (at < runs.Length) runs[at].Carry(frame, slot, region);
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

    private struct Run(in FrameEntry first, Slot slot, long region)
    {
        private readonly Offset _base = first.BaseOffset;
        private Slot _lastSlot = slot;
        private long _maxTimestampMs = first.MaxTimestampMs;
        private long _region = region;
        private Offset _carriedTo = first.BaseOffset;
        private Slot _carriedFirst;

        public Slot FirstSlot { get; private set; } = slot;

        public long Bytes { get; private set; } = first.Length;

        /// <summary>How often all of it was carried forward.</summary>
        public int Carries { get; private set; }

        public Offset LastOffset { get; private set; } = first.LastOffset;

        public bool TryExtend(in FrameEntry frame, Slot slot, long region)
        {
            if (Bytes >= RunBytes || region != _region || frame.BaseOffset != LastOffset + 1) return false;

            LastOffset = frame.LastOffset;
            _lastSlot = slot > _lastSlot ? slot : _lastSlot;
            Bytes += frame.Length;
            _maxTimestampMs = Math.Max(_maxTimestampMs, frame.MaxTimestampMs);
            return true;
        }

        public void Carry(in FrameEntry frame, Slot slot, long region)
        {
            if (slot > _lastSlot) _lastSlot = slot;
            if (frame.BaseOffset != _carriedTo) return;

            if (_carriedTo == _base) _carriedFirst = slot;
            _carriedTo = frame.LastOffset + 1;
            if (_carriedTo <= LastOffset) return;

            FirstSlot = _carriedFirst;
            _region = region;
            _carriedTo = _base;
            Carries++;
        }

        public readonly WalExtent ToExtent(SessionId session) => new(session, FirstSlot, _lastSlot, _base, LastOffset, Bytes, _maxTimestampMs);
    }
}
