using OrleansStream.Log.Blocks;
using OrleansStream.Log.Manifests;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Reading;

/// <summary>
/// Finds out which frames one read of a WAL extent takes, from the directories of its blocks, slot after slot. Frames mostly stand in the order of their
/// offsets, and then as many blocks are looked at as are needed. Carried frames stand behind frames with higher offsets (rule S4): once offsets are missing
/// on the way, all slots of the extent are looked at before a frame is taken.
/// </summary>
/// <param name="request">What is wanted.</param>
/// <param name="beginAt">Where the first frame is thought to stand, within the extent.</param>
internal sealed class WalWalk(WalRequest request, Slot beginAt)
{
    private readonly List<WalkedFrame> _found = [];
    private readonly bool _isBehindFirst = beginAt > request.Extent.FirstSlot;
    private Offset _next = Offset.Max(request.From, request.Extent.BaseOffset);
    private long _bytes;

    public SessionId Session => request.Extent.Session;

    /// <summary>The slot to look at next.</summary>
    public Slot Slot { get; private set; } = beginAt;

    public Slot LastSlot => request.Extent.LastSlot;

    /// <summary>For a person.</summary>
    public string Wanted => $"partition {request.Partition}, offsets {_next} to {request.Extent.LastOffset}";

    /// <summary>Offsets are missing below those that were found: they stand further up, or below where the walk began.</summary>
    public bool HasGap { get; private set; }

    /// <summary>Nothing more needs to be looked at.</summary>
    public bool IsDone => Slot > LastSlot || request.From > request.Extent.LastOffset || (HasGap ? _isBehindFirst : HasEnough);

    /// <summary>The walk did not begin with the extent, and has missed something: it is to be done anew from further below.</summary>
    public bool IsIncomplete => _isBehindFirst && (HasGap || !HasEnough);

    /// <summary>The whole extent fits into what is wanted.</summary>
    public bool WantsAll => request.From <= request.Extent.BaseOffset && request.Extent.Bytes <= request.MaxBytes;

    private bool HasEnough => _bytes >= request.MaxBytes || _next > request.Extent.LastOffset;

    /// <summary>Where the first wanted frame stands if the partition's frames are spread evenly over the extent, and it has neither copies nor frames out of order.</summary>
    public static Slot Guess(in WalRequest request)
    {
        var extent = request.Extent;
        if (request.From <= extent.BaseOffset || request.From > extent.LastOffset) return extent.FirstSlot;
        var share = (double)(request.From.Value - extent.BaseOffset.Value) / (extent.LastOffset.Value - extent.BaseOffset.Value);
        return new Slot(extent.FirstSlot.Value + (long)(share * (extent.LastSlot.Value - extent.FirstSlot.Value)));
    }

    /// <summary>Looks at the next slot.</summary>
    public void Look(BlockDirectory block)
    {
        var extent = request.Extent;
        foreach (ref readonly var frame in block.FramesOf(request.Partition))
        {
            // Frames beside the extent belong to its neighbours, or to an earlier time of the partition in this session.
            if (frame.LastOffset < request.From || frame.BaseOffset < extent.BaseOffset || frame.LastOffset > extent.LastOffset) continue;

            _found.Add(new WalkedFrame(block, frame));
            if (frame.BaseOffset > _next)
            {
                HasGap = true;
            }
            else if (frame.LastOffset >= _next)
            {
                _next = frame.LastOffset + 1;
                _bytes += frame.Length;
            }
        }

        Slot = block.Slot.Next;
    }

    /// <summary>The frames to take, in offset order: each once, of copies the one in the highest slot that was looked at (rule R2), and as many as fit.</summary>
    public List<WalkedFrame> Take()
    {
        _found.Sort(static (left, right) => left.Frame.BaseOffset != right.Frame.BaseOffset
            ? left.Frame.BaseOffset.CompareTo(right.Frame.BaseOffset)
            : right.Block.Slot.CompareTo(left.Block.Slot));

        var taken = 0;
        long bytes = 0;
        var next = request.From;
        for (var index = 0; index < _found.Count; index++)
        {
            var found = _found[index];
            if (found.Frame.LastOffset < next) continue; // An older copy.
            if (taken > 0 && bytes + found.Frame.Length > request.MaxBytes) break;

            bytes += found.Frame.Length;
            next = found.Frame.LastOffset + 1;
            _found[taken++] = found;
            if (bytes >= request.MaxBytes) break;
        }

        _found.RemoveRange(taken, _found.Count - taken);
        return _found;
    }
}

/// <summary>What is to be read of a WAL extent.</summary>
internal readonly record struct WalRequest(PartitionId Partition, WalExtent Extent, Offset From, int MaxBytes);

/// <summary>A frame and the block that has it.</summary>
internal readonly record struct WalkedFrame(BlockDirectory Block, FrameEntry Frame);
