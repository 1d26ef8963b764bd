using OrleansStream.Model;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Files.Recovery;

/// <summary>What stands in one file of a session behind the block at which its chain breaks.</summary>
/// <param name="FirstSlot">The lowest slot there; null if no block verifies.</param>
/// <param name="Witness">Which block knew that what is missing was durable; null if none did.</param>
/// <param name="Offsets">The lowest offset of each partition there.</param>
internal sealed record LaterBlocks(Slot? FirstSlot, string? Witness, IReadOnlyDictionary<PartitionId, Offset> Offsets)
{
    /// <summary>Searches a file for them.</summary>
    /// <param name="reader">The file.</param>
    /// <param name="position">Byte from which on to search.</param>
    /// <param name="range">Where the chain breaks, and the session's end where it is known: blocks of other slots do not count.</param>
    public static LaterBlocks Find(WalBlockReader reader, long position, (Slot From, Slot? End) range)
    {
        Slot? lowest = null;
        string? witness = null;
        var offsets = new Dictionary<PartitionId, Offset>();
        while (reader.NextCandidate(position) is >= 0 and var at)
        {
            position = at + Limits.BlockAlignment;
            if (!reader.TryBlock(at, out var header, out var frames, out _) || header.Slot < range.From || header.Slot >= range.End) continue;
            lowest = lowest is { } known && known <= header.Slot ? known : header.Slot;
            foreach (ref readonly var frame in frames)
            {
                if (!offsets.TryGetValue(frame.Partition, out var first) || frame.BaseOffset < first) offsets[frame.Partition] = frame.BaseOffset;
            }

            if (header.DurableEnd > range.From) witness ??= $"the block in slot {header.Slot}, '{reader.Path}' byte {at}, knew everything below slot {header.DurableEnd} durable";
        }

        return new LaterBlocks(lowest, witness, offsets);
    }
}
