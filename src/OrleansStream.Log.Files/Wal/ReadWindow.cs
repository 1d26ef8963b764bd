using System.Collections.Concurrent;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Records;

namespace OrleansStream.Log.Files.Wal;

/// <summary>Whole neighbouring blocks of one WAL file in memory. Headers and directories were verified when it was read; frames are when they are taken.</summary>
internal sealed class ReadWindow
{
    private readonly WalFile _file;
    private readonly long _position;
    private readonly BlockLease _lease;
    private readonly int[] _starts;

    // Where a partition's reader left off: a block can have tens of thousands of frames, and readers go on where they were.
    private readonly ConcurrentDictionary<PartitionId, (long NextOffset, int Block, int Entry)> _left = new();

    private ReadWindow(WalFile file, Slot first, long position, BlockLease lease, int[] starts)
    {
        _file = file;
        First = first;
        _position = position;
        _lease = lease;
        _starts = starts;
    }

    public SessionId Session => _file.Session;

    public Slot First { get; }

    public Slot End => SlotAt(_starts.Length);

    public int ChargedBytes => _lease.Block.ChargedBytes;

    /// <summary>The window behind it was asked for.</summary>
    public bool HasReadAhead { get; set; }

    /// <summary>When it was last used, by the count of the cache.</summary>
    public long LastUse { get; set; }

    /// <summary>Reads the blocks from this slot on, up to so many bytes, and at least one.</summary>
    /// <exception cref="CorruptBlockException">A header or directory does not verify.</exception>
    public static ReadWindow Read(IDisk disk, DiskOpenMode mode, SlabPool slabs, (WalFile File, Slot First) from, int maxBytes)
    {
        var (file, first) = from;
        var (position, bytes, starts) = Plan(file, first, maxBytes);
        var slab = slabs.Rent(bytes);
        BlockLease lease;
        try
        {
            using var open = disk.Open(file.Path, mode);
            var read = open.Read(position, slab.GetSpan()[..bytes]);
            if (read < bytes) throw new CorruptBlockException(file.Path, position + read, $"the file ends here; slots {first} and following take {bytes - read} bytes more");
            lease = Block.OfRead(slabs, slab, bytes, file.Session, first);
        }
        catch
        {
            slab.Return();
            throw;
        }

        var window = new ReadWindow(file, first, position, lease, starts);
        try
        {
            window.VerifyDirectories();
            return window;
        }
        catch
        {
            lease.Dispose();
            throw;
        }
    }

    /// <summary>Takes a right to the window's bytes. False if it was evicted meanwhile.</summary>
    public bool TryLease(out BlockLease lease) => _lease.Block.TryLease(LeaseHolder.Response, out lease);

    /// <summary>Gives the cache's own lease back.</summary>
    public void Evict() => _lease.Dispose();

    /// <summary>Adds the cursor's frames, under a lease that the caller holds. Returns when the window, the cursor's range or its room is at its end.</summary>
    /// <exception cref="CorruptBlockException">A frame's bytes do not verify.</exception>
    public void Take(in BlockLease lease, WalCursor cursor)
    {
        var memory = lease.Memory;
        var (block, entry) = StartOf(cursor);
        for (; block < _starts.Length && SlotAt(block) <= cursor.LastSlot; block++, entry = 0)
        {
            cursor.Slot = SlotAt(block);
            BlockCodec.TryReadHeader(memory.Span[_starts[block]..], out var header, out _);
            var directory = BlockCodec.DirectoryOf(memory.Span[_starts[block]..], header);
            for (; entry < directory.Length; entry++)
            {
                ref readonly var frame = ref directory[entry];
                if (!cursor.Wants(frame)) continue;
                if (!cursor.HasRoomFor(frame))
                {
                    _left[cursor.Partition] = (cursor.Next.Value, block, entry);
                    return;
                }

                Add(lease, cursor, frame, block);
            }

            cursor.Slot = SlotAt(block + 1);
        }
    }

    /// <summary>Adds every frame that the cursor wants, whatever its order, to the list (rule R2).</summary>
    public void List(WalCursor cursor, List<(FrameEntry Frame, Slot Slot)> frames)
    {
        var memory = _lease.Memory.Span;
        for (var block = (int)(cursor.Slot.Value - First.Value); block < _starts.Length && SlotAt(block) <= cursor.LastSlot; block++)
        {
            BlockCodec.TryReadHeader(memory[_starts[block]..], out var header, out _);
            foreach (ref readonly var frame in BlockCodec.DirectoryOf(memory[_starts[block]..], header))
            {
                if (cursor.Wants(frame)) frames.Add((frame, SlotAt(block)));
            }

            cursor.Slot = SlotAt(block + 1);
        }
    }

    /// <summary>Adds one frame that <see cref="List"/> has found.</summary>
    public void TakeOne(in BlockLease lease, WalCursor cursor, in FrameEntry frame, Slot slot) => Add(lease, cursor, frame, (int)(slot.Value - First.Value));

    private Slot SlotAt(int block) => new(First.Value + block);

    private (int Block, int Entry) StartOf(WalCursor cursor) =>
        _left.TryGetValue(cursor.Partition, out var left) && left.NextOffset == cursor.Next.Value && SlotAt(left.Block) >= cursor.Slot
            ? (left.Block, left.Entry)
            : ((int)Math.Max(0, cursor.Slot.Value - First.Value), 0);

    private static (long Position, int Bytes, int[] Starts) Plan(WalFile file, Slot first, int maxBytes)
    {
        if (!file.TryFind(first, out var position, out var storedBytes)) throw new LogException($"'{file.Path}' does not have slot {first}.");

        var starts = new List<int> { 0 };
        var bytes = storedBytes;
        for (var slot = first.Next; file.TryFind(slot, out _, out storedBytes) && bytes + storedBytes <= maxBytes; slot = slot.Next)
        {
            starts.Add(bytes);
            bytes += storedBytes;
        }

        return (position, bytes, [.. starts]);
    }

    private void VerifyDirectories()
    {
        var hash = Session.Hash;
        var memory = _lease.Memory.Span;
        for (var block = 0; block < _starts.Length; block++)
        {
            var slot = SlotAt(block);
            if (!BlockCodec.TryReadDirectory(memory[_starts[block]..], out var header, out _, out var problem)) throw Corrupt(block, problem!);
            if (header.SessionHash != hash || header.Slot != slot) throw Corrupt(block, $"the block is of session {header.SessionHash:x16}, slot {header.Slot}; expected {hash:x16}, slot {slot}");
        }
    }

    private void Add(in BlockLease lease, WalCursor cursor, in FrameEntry frame, int block)
    {
        var start = _starts[block];
        var found = Crc32C.Hash(lease.Memory.Span.Slice(start + frame.Position, frame.Length));
        if (found != frame.Checksum) throw Corrupt(block, BlockCodec.DescribeBadFrame(SlotAt(block), frame, found));

        cursor.Add(lease, frame with { Position = start + frame.Position });
    }

    private CorruptBlockException Corrupt(int block, string problem) => new(_file.Path, _position + _starts[block], problem);
}
