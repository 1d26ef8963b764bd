using OrleansStream.Log.Blocks;
using OrleansStream.Log.Manifests;
using OrleansStream.Model;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Files.Recovery;

/// <summary>One partition's frames in a session, as runs of neighbouring frames that do not span files: what bounds the memory of a recovery.</summary>
internal sealed class RecoveredRuns
{
    private const int RunBytes = 64 * Limits.KiB;

    private readonly List<WalExtent> _runs = [];
    private bool _isSorted = true;

    /// <summary>Adds a frame of the file that is being read; frames come in slot order, but not always in offset order (rule R2).</summary>
    public void Add(SessionId session, in FrameEntry frame, Slot slot)
    {
        if (_runs.Count > 0 && _runs[^1] is var last && last.LastOffset + 1 == frame.BaseOffset && last.Bytes < RunBytes)
        {
            _runs[^1] = last with
            {
                LastSlot = slot,
                LastOffset = frame.LastOffset,
                Bytes = last.Bytes + frame.Length,
                MaxTimestampMs = Math.Max(last.MaxTimestampMs, frame.MaxTimestampMs),
            };
            return;
        }

        AddRun(new WalExtent(session, slot, slot, frame.BaseOffset, frame.LastOffset, frame.Length, frame.MaxTimestampMs));
    }

    /// <summary>Adds what another file of the session has.</summary>
    public void Append(RecoveredRuns later)
    {
        foreach (var run in later._runs) AddRun(run);
    }

    /// <summary>In offset order; copies of the same offsets are one extent over all their slots, in which a reader takes the highest.</summary>
    public IReadOnlyList<WalExtent> ToExtents()
    {
        if (_isSorted) return _runs;
        var sorted = _runs.OrderBy(run => run.BaseOffset).ToList();
        var extents = new List<WalExtent>(sorted.Count);
        foreach (var run in sorted)
        {
            if (extents.Count == 0 || run.BaseOffset > extents[^1].LastOffset) extents.Add(run);
            else extents[^1] = Join(extents[^1], run);
        }

        return extents;
    }

    private static WalExtent Join(WalExtent left, WalExtent right) => left with
    {
        FirstSlot = Slot.Min(left.FirstSlot, right.FirstSlot),
        LastSlot = left.LastSlot >= right.LastSlot ? left.LastSlot : right.LastSlot,
        LastOffset = Offset.Max(left.LastOffset, right.LastOffset),
        Bytes = right.LastOffset <= left.LastOffset ? left.Bytes : left.Bytes + right.Bytes,
        MaxTimestampMs = Math.Max(left.MaxTimestampMs, right.MaxTimestampMs),
    };

    private void AddRun(WalExtent run)
    {
        _isSorted &= _runs.Count == 0 || run.BaseOffset > _runs[^1].LastOffset;
        _runs.Add(run);
    }
}
