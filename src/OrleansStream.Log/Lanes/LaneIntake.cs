using System.Diagnostics.CodeAnalysis;
using OrleansStream.Log.Blocks;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Lanes;

/// <summary>The open block, the sealed ones that wait for the writer, and the bound on their memory. Every call is made under the gate of rule B2.</summary>
internal sealed class LaneIntake(Lane lane, LaneSetup setup, LanePace pace)
{
    // Objects that are kept for later blocks: as many as a bound's worth of blocks of 1 MiB, so that a burst of small blocks does not stay for ever.
    private const int MaxSpare = 32;

    // Where blocks are paid for by number, a load that fills one size just about would else go up and down, with a block too many each time.
    private const int SmallInRowToShrink = 8;

    private readonly Queue<LaneBlock> _sealed = new();
    private readonly Stack<LaneBlock> _spare = new();
    private LaneBlock? _open;
    private long _openBytes;
    private int _target = SlabPool.MinSlabBytes;
    private int _smallInRow;
    private bool _refused;
    private TaskCompletionSource? _room;

    /// <summary>The slot that the next block gets.</summary>
    public Slot NextSlot { get; private set; }

    /// <summary>Memory of all blocks that are not yet published.</summary>
    public long OpenBytes => _openBytes;

    public bool HasSealed => _sealed.Count > 0;

    /// <summary>The oldest sealed block can be written.</summary>
    public bool HasFilled => _sealed.TryPeek(out var first) && first.IsComplete;

    /// <summary>When the open block is due; <see cref="long.MaxValue"/> without one.</summary>
    public long OpenDeadline => _open is { Count: > 0 } ? _open.Deadline : long.MaxValue;

    /// <summary>Finds the block that takes a frame of this length, and seals the one that is too full for it.</summary>
    /// <param name="length">Of the frame.</param>
    /// <param name="isJournal">Whether it may take what the store keeps for journals.</param>
    /// <param name="block">The open one.</param>
    public EnqueueStatus TryMakeRoom(int length, bool isJournal, [NotNull] out LaneBlock? block)
    {
        block = _open;
        if (block is not null && block.Fits(length)) return EnqueueStatus.Accepted;

        SealOpen(isFull: true);
        var needed = (int)BlockLayout.UsedBytes(length, 1);
        var status = TryOpen(Math.Max(needed, _target), out block);
        // Where the usual size does not go in any more, the frame's own still may. Not where blocks are paid for by number: there a block of the usual size
        // follows as soon as one of those that fill the memory is published.
        if (status != EnqueueStatus.Accepted && needed < _target && !(pace.IsPaced && status == EnqueueStatus.Full)) status = TryOpen(needed, out block);

        // No more than it needs, so that records find little room beside it. Also while the next file is waited for: at the cap it is the deletion of a
        // topic that makes room.
        return status != EnqueueStatus.Accepted && isJournal ? TryOpen(needed, out block, LaneRoom.Journal) : status;
    }

    /// <summary>Ends the open block: sealed if it has frames, given back if it has none.</summary>
    public void SealOpen(bool isFull)
    {
        if (_open is not { } open) return;

        _open = null;
        Adapt(open, isFull);
        if (open.Count > 0) pace.OnSealed(open.Deadline);
        _sealed.Enqueue(open);
        open.Seal();
    }

    /// <summary>Seals the block that publishes the durable end (rule F3): the open one, or one without frames. False if there is no space; it can be tried later.</summary>
    /// <param name="saysAll">Whether everything written is durable. Only such a block may take the room that is kept for it: no other would follow it.</param>
    public bool TrySealForDurableEnd(bool saysAll)
    {
        if (_open is null && TryOpen(SlabPool.MinSlabBytes, out _, saysAll ? LaneRoom.DurableEnd : LaneRoom.Journal) != EnqueueStatus.Accepted) return false;

        SealOpen(isFull: false);
        return true;
    }

    /// <summary>Takes sealed blocks that are filled, in slot order, up to so many blocks, and up to so many bytes but at least one if there is room for any.</summary>
    public void TakeFilled(List<LaneBlock> into, long maxBytes, int maxBlocks)
    {
        while (into.Count < maxBlocks && _sealed.TryPeek(out var block) && block.IsComplete && (into.Count == 0 || maxBytes >= block.UsedBytes))
        {
            into.Add(_sealed.Dequeue());
            maxBytes -= block.UsedBytes;
        }
    }

    /// <summary>Takes everything, filled or not: the lane has ended.</summary>
    public void TakeAll(List<LaneBlock> into)
    {
        SealOpen(isFull: false);
        while (_sealed.TryDequeue(out var block)) into.Add(block);
    }

    /// <summary>The block's memory is free again. What is returned is to be completed outside the gate.</summary>
    public TaskCompletionSource? Recycle(LaneBlock block, int bytes)
    {
        _openBytes -= bytes;
        if (_spare.Count < MaxSpare) _spare.Push(block);
        return TakeRoomWaiters();
    }

    /// <summary>Null if there is room, else what completes when some comes.</summary>
    public Task? WaitForRoom() =>
        _refused ? (_room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task : null;

    public TaskCompletionSource? TakeRoomWaiters()
    {
        var waiters = _room;
        _refused = false;
        _room = null;
        return waiters;
    }

    private EnqueueStatus TryOpen(int bytes, [NotNull] out LaneBlock? block, LaneRoom room = LaneRoom.Records)
    {
        block = null!;
        var slabBytes = SlabPool.SlabBytesFor(bytes);
        if (_openBytes + slabBytes > setup.MaxOpenBytes)
        {
            _refused = true;
            return EnqueueStatus.Full;
        }

        var reserved = room switch
        {
            LaneRoom.Records => setup.Store.Reserve(slabBytes),
            LaneRoom.Journal => setup.Store.ReserveForJournal(slabBytes),
            _ => setup.Store.ReserveForDurableEnd(slabBytes),
        };
        if (reserved != EnqueueStatus.Accepted)
        {
            _refused |= reserved == EnqueueStatus.Full;
            return reserved;
        }

        block = _open = _spare.TryPop(out var spare) ? spare : new LaneBlock(lane);
        block.Open(setup.Slabs.Rent(slabBytes), setup.Slabs, (setup.Session, setup.Time.GetTimestamp()), NextSlot);
        NextSlot = NextSlot.Next;
        _openBytes += slabBytes;
        return EnqueueStatus.Accepted;
    }

    // Blocks follow the load: a lane of tiny flushes takes 4 KiB each, a busy one reaches the cap after a few blocks. At least half of a
    // slab is used in the long run, since whoever keeps a block keeps all of its slab.
    private void Adapt(LaneBlock block, bool isFull)
    {
        if (isFull) _target = Math.Min(_target * 2, SlabPool.SlabBytesFor(setup.BlockBytes));
        _smallInRow = !isFull && block.UsedBytes < _target / 2 ? _smallInRow + 1 : 0;
        if (_smallInRow < (pace.IsPaced ? SmallInRowToShrink : 1)) return;
        _target = Math.Max(_target / 2, SlabPool.MinSlabBytes);
        _smallInRow = 0;
    }

    /// <summary>What a block is for: which part of what is left it may take.</summary>
    private enum LaneRoom
    {
        Records,
        Journal,
        DurableEnd,
    }
}
