using OrleansStream.Log.Blocks;
using OrleansStream.Log.Manifests;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Files.Wal;

/// <summary>How far one read of one extent has come.</summary>
internal sealed class WalCursor(PartitionId partition, WalExtent extent, Offset from, int maxBytes, FrameList into)
{
    private readonly int _before = into.Count;
    private long _bytes;

    public PartitionId Partition => partition;

    public SessionId Session => extent.Session;

    public Slot LastSlot => extent.LastSlot;

    /// <summary>The slot to look into next.</summary>
    public Slot Slot { get; set; } = extent.FirstSlot;

    /// <summary>The lowest offset that is still wanted.</summary>
    public Offset Next { get; private set; } = Offset.Max(from, extent.BaseOffset);

    /// <summary>Frames were skipped on the way: copies stand in another order than offsets, so the extent must be looked through as a whole (rule R2).</summary>
    public bool HasGap { get; private set; }

    /// <summary>There is no room, or nothing left.</summary>
    public bool IsDone { get; private set; } = from > extent.LastOffset;

    /// <summary>Whether the frame is the partition's, of this extent, and not yet taken.</summary>
    public bool Wants(in FrameEntry frame) =>
        frame.Partition == partition && frame.LastOffset >= Next && frame.LastOffset <= extent.LastOffset && frame.BaseOffset >= extent.BaseOffset;

    /// <summary>Whether the frame is the next one and fits. If not, the walk is over.</summary>
    public bool HasRoomFor(in FrameEntry frame)
    {
        HasGap = frame.BaseOffset > Next;
        if (!HasGap && HasRoomLeft(frame)) return true;

        IsDone = true;
        return false;
    }

    /// <summary>The first frame is given whatever its size.</summary>
    public bool HasRoomLeft(in FrameEntry frame) => into.Count == _before || _bytes + frame.Length <= maxBytes;

    /// <summary>Goes on behind what was taken, from the extent's first slot.</summary>
    public WalCursor Restarted()
    {
        Slot = extent.FirstSlot;
        IsDone = Next > extent.LastOffset;
        return this;
    }

    /// <summary>Takes a frame that was wanted, under a lease of its own where none of the list covers it.</summary>
    public void Add(in BlockLease lease, in FrameEntry frame)
    {
        if (!into.TryAdd(lease.Block, frame)) into.Add(new LeasedFrame(lease.Again(LeaseHolder.Response), frame));
        _bytes += frame.Length;
        Next = frame.LastOffset + 1;
        if (Next > extent.LastOffset || _bytes >= maxBytes) IsDone = true;
    }
}
