using OrleansStream.Log.Blocks;
using OrleansStream.Log.Files.Wal;
using OrleansStream.Log.Lanes;
using OrleansStream.Model;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Files.Recovery;

/// <summary>What one WAL file of an ended session holds, up to the first block that does not follow the ones before it.</summary>
internal sealed class WalFileScan
{
    private WalFileScan(string path, WalFile? map, uint firstPrevious)
    {
        Path = path;
        Map = map;
        FirstPrevious = firstPrevious;
    }

    public string Path { get; }

    /// <summary>Where its slots stand; null if its first block does not verify.</summary>
    public WalFile? Map { get; }

    /// <summary>What the first block says of the block before it.</summary>
    public uint FirstPrevious { get; }

    /// <summary>Checksum of the last block.</summary>
    public uint LastChecksum { get; private set; }

    /// <summary>Byte behind the last block that verifies.</summary>
    public long EndPosition => Map?.EndPosition ?? 0;

    /// <summary>Why the block at <see cref="EndPosition"/> does not count; null if the session has none there, because the file or what was asked for ends there.</summary>
    public string? Problem { get; private set; }

    /// <summary>The highest durable end that a block of the file names.</summary>
    public Slot DurableEnd { get; private set; }

    public Dictionary<PartitionId, RecoveredRuns> Partitions { get; } = [];

    /// <summary>Whether the writer closed the file, which it does after a sync that succeeded: all of its slots are durable, though its blocks were not read.</summary>
    public bool IsFromFooter { get; private init; }

    /// <summary>Takes what a closed file's footer says for its blocks.</summary>
    /// <param name="footer">As it verified.</param>
    /// <param name="from">Runs below this slot, the trim point, are not counted.</param>
    public static WalFileScan Of(WalFooter footer, Slot from)
    {
        var scan = new WalFileScan(footer.File.Path, footer.File, footer.FirstPrevious)
        {
            IsFromFooter = true,
            LastChecksum = footer.LastChecksum,
            DurableEnd = footer.File.EndSlot,
        };
        foreach (var (partition, extents) in footer.Partitions)
        {
            var runs = new RecoveredRuns();
            foreach (var extent in extents)
            {
                if (extent.LastSlot >= from) runs.Add(extent);
            }

            if (!runs.IsEmpty) scan.Partitions[partition] = runs;
        }

        return scan;
    }

    /// <summary>Reads a file from its first block.</summary>
    /// <param name="reader">The file.</param>
    /// <param name="session">Whose it is.</param>
    /// <param name="number">Its number in the session.</param>
    /// <param name="range">Slots below its start and from its end on are not counted: the trim point and, where it is known, the end.</param>
    /// <param name="verifiesFrames">True for the file that was being written: its last blocks may be torn.</param>
    public static WalFileScan Read(WalBlockReader reader, SessionId session, int number, (Slot From, Slot? End) range, bool verifiesFrames)
    {
        reader.VerifiesFrames = verifiesFrames;
        if (!reader.TryRead(0, out var first, out _, out var problem) || first.Slot >= range.End)
            return new WalFileScan(reader.Path, null, 0) { Problem = problem ?? "the file has nothing of the session" };

        var scan = new WalFileScan(reader.Path, new WalFile(session, number, first.Slot), first.PreviousChecksum);
        var expected = first.Slot;
        var previous = first.PreviousChecksum;
        var position = 0L;
        while (true)
        {
            if (expected >= range.End || position + Limits.BlockAlignment > reader.Length) return scan;
            if (!reader.TryRead(position, out var header, out var directory, out problem)) return scan.EndsBecause(problem!);
            if (header.Slot != expected || header.PreviousChecksum != previous)
                return scan.EndsBecause($"the block there has slot {header.Slot} and follows a block with checksum {header.PreviousChecksum:x8}, expected slot {expected} and {previous:x8}");

            scan.Add(session, header, position, header.Slot >= range.From ? directory : []);
            expected = expected.Next;
            previous = header.Checksum;
            position += header.StoredBytes;
        }
    }

    /// <summary>Takes the footer's word, if it is of these blocks, that the file has no more of them.</summary>
    public void EndAt(WalFooter footer)
    {
        if (Map is not null && footer.File.EndPosition == EndPosition && footer.LastChecksum == LastChecksum) Problem = null;
    }

    private WalFileScan EndsBecause(string problem)
    {
        Problem = problem;
        return this;
    }

    private void Add(SessionId session, in BlockHeader header, long position, ReadOnlySpan<FrameEntry> frames)
    {
        Map!.Add(position, header.StoredBytes);
        LastChecksum = header.Checksum;
        if (header.DurableEnd > DurableEnd) DurableEnd = header.DurableEnd;
        foreach (ref readonly var frame in frames)
        {
            if (!Partitions.TryGetValue(frame.Partition, out var runs)) Partitions[frame.Partition] = runs = new RecoveredRuns();
            runs.Add(session, frame, header.Slot);
        }
    }
}
