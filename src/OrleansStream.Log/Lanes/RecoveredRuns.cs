using OrleansStream.Log.Blocks;
using OrleansStream.Log.Manifests;
using OrleansStream.Model;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Lanes;

/// <summary>One partition's frames in an ended session, as runs of neighbouring frames that do not span files: what bounds the memory of a recovery. Not thread safe.</summary>
/// <param name="maxSlots">The most slots that a run spans: where each slot costs a request, whoever reads the run asks for all of them, however few have frames of the partition. No bound unless given.</param>
public sealed class RecoveredRuns(long maxSlots = long.MaxValue)
{
    private const int RunBytes = 64 * Limits.KiB;

    // They go into the manifest of whoever claims the partition, which is written as a whole.
    private const int MaxExtents = 1000;

    private readonly List<WalExtent> _runs = [];
    private bool _isSorted = true;

    public bool IsEmpty => _runs.Count == 0;

    /// <summary>Adds a frame of what is being read, a file or the whole session; frames come in slot order, but not always in offset order (rule R2).</summary>
    public void Add(SessionId session, in FrameEntry frame, Slot slot)
    {
        if (_runs.Count > 0 && _runs[^1] is var last && last.LastOffset + 1 == frame.BaseOffset && last.Bytes < RunBytes && slot.Value - last.FirstSlot.Value < maxSlots)
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

    /// <summary>Adds a run that a file's footer names, in the order of the file.</summary>
    public void Add(WalExtent run) => AddRun(run);

    /// <summary>Adds a run that goes on where the last one ended, as long as runs may be; without files between them there is no border.</summary>
    public void Extend(WalExtent run)
    {
        if (_runs.Count > 0 && FitTogether(_runs[^1], run, maxSlots)) _runs[^1] = Join(_runs[^1], run);
        else AddRun(run);
    }

    /// <summary>In offset order; copies of the same offsets are one extent over all their slots, in which a reader takes the highest.</summary>
    /// <param name="wanted">How many there are to be at the most: above that they span more slots than they should, but have no more bytes.</param>
    public IReadOnlyList<WalExtent> ToExtents(int wanted = MaxExtents)
    {
        var extents = _isSorted ? _runs : Sorted();
        var span = extents.Count == 0 ? 0 : extents.Max(static run => run.LastSlot.Value) - extents.Min(static run => run.FirstSlot.Value) + 1;
        for (var slots = maxSlots; extents.Count > wanted && slots < span;)
        {
            slots *= 2;
            extents = Joined(extents, slots);
        }

        while (extents.Count > MaxExtents)
        {
            var halved = Halved(extents);
            if (halved.Count == extents.Count) break;
            extents = halved;
        }

        return extents;
    }

    private static List<WalExtent> Joined(List<WalExtent> extents, long slots)
    {
        var joined = new List<WalExtent>(extents.Count);
        foreach (var run in extents)
        {
            if (joined.Count > 0 && FitTogether(joined[^1], run, slots)) joined[^1] = Join(joined[^1], run);
            else joined.Add(run);
        }

        return joined;
    }

    private static bool FitTogether(WalExtent left, WalExtent right, long slots) =>
        left.LastOffset + 1 == right.BaseOffset && left.Bytes + right.Bytes <= RunBytes && right.LastSlot.Value - left.FirstSlot.Value < slots;

    // Neighbours become one, where nothing is missing between them.
    private static List<WalExtent> Halved(List<WalExtent> extents)
    {
        var halved = new List<WalExtent>((extents.Count / 2) + 1);
        for (var i = 0; i < extents.Count; i++)
        {
            var joins = i + 1 < extents.Count && extents[i].LastOffset + 1 == extents[i + 1].BaseOffset;
            halved.Add(joins ? Join(extents[i], extents[++i]) : extents[i]);
        }

        return halved;
    }

    private List<WalExtent> Sorted()
    {
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
