using System.Runtime.InteropServices;
using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Recovery;

/// <summary>
/// Finds out which frames a fenced session has (rules R1 and R2): reads header and directory of each block between trim point and end, whose checksums stand
/// for every byte. Frames are verified when they are read.
/// </summary>
internal sealed class SessionScan(RecoverySetup setup)
{
    /// <summary>The session's frames of each partition, in offset order.</summary>
    /// <exception cref="CorruptBlockException">A block below the end is missing or does not follow the one before it: acknowledged data is damaged. Nothing may be claimed from the session.</exception>
    /// <exception cref="StorageException">Storage failed; call again.</exception>
    public async ValueTask<IReadOnlyDictionary<PartitionId, IReadOnlyList<WalExtent>>> ReadAsync(FencedSession fenced, CancellationToken cancellationToken)
    {
        var partitions = new Dictionary<PartitionId, RecoveredRuns>();
        var reads = new Queue<Task<Directory>>();
        uint? previous = fenced.TrimPoint == Slot.Zero ? 0 : null; // What stood below the trim point may be gone.
        var next = fenced.TrimPoint;
        try
        {
            for (var slot = fenced.TrimPoint; slot < fenced.End; slot = slot.Next)
            {
                for (; next < fenced.End && reads.Count < setup.ReadsAtOnce; next = next.Next) reads.Enqueue(ReadAsync(fenced.Session, next, cancellationToken));
                previous = Add(partitions, fenced.Session, await reads.Dequeue(), previous);
            }
        }
        finally
        {
            await EndAsync(reads);
        }

        return partitions.ToDictionary(entry => entry.Key, entry => entry.Value.ToExtents());
    }

    private static uint Add(Dictionary<PartitionId, RecoveredRuns> partitions, SessionId session, Directory block, uint? previous)
    {
        if (previous is { } expected && block.Header.PreviousChecksum != expected)
        {
            throw new CorruptBlockException(block.Name, 0, $"it follows a block with checksum {block.Header.PreviousChecksum:x8}; the one before it has {expected:x8}.");
        }

        foreach (ref readonly var frame in block.Frames)
        {
            if (!partitions.TryGetValue(frame.Partition, out var runs)) partitions[frame.Partition] = runs = new RecoveredRuns();
            runs.Add(session, frame, block.Header.Slot);
        }

        return block.Header.Checksum;
    }

    private async Task<Directory> ReadAsync(SessionId session, Slot slot, CancellationToken cancellationToken)
    {
        var name = BlobNames.BlockOf(session, slot);
        var start = new byte[BlockLayout.HeaderBytes];
        var length = await setup.Container.ReadAsync(name, 0, start, cancellationToken);
        if (length < 0) throw new CorruptBlockException(name, 0, "acknowledged data is damaged: the block is missing, and blocks above it are not.");
        if (!BlockCodec.TryReadHeader(start.AsSpan(0, length), out var header, out var problem)) throw new CorruptBlockException(name, 0, problem!);
        if (header.SessionHash != session.Hash || header.Slot != slot || header.ClusterGeneration != setup.ClusterGeneration)
        {
            throw new CorruptBlockException(name, 0, $"the block there is of slot {header.Slot}, generation {header.ClusterGeneration} and session hash {header.SessionHash:x16}.");
        }

        // Longs, so that the directory, which is read in place, is aligned to 8 bytes. Its length was bounded by the header's reader.
        var lines = new long[(header.UsedBytes - header.DirectoryPosition) / sizeof(long)];
        var bytes = new byte[lines.Length * sizeof(long)];
        if (await setup.Container.ReadAsync(name, header.DirectoryPosition, bytes, cancellationToken) != bytes.Length)
        {
            throw new CorruptBlockException(name, header.DirectoryPosition, $"a directory of {bytes.Length} bytes was expected; the block ends before it.");
        }

        bytes.CopyTo(MemoryMarshal.AsBytes(lines.AsSpan()));
        return BlockCodec.TryReadDirectory(start, MemoryMarshal.AsBytes(lines.AsSpan()), header, out _, out problem)
            ? new Directory(name, header, lines)
            : throw new CorruptBlockException(name, 0, problem!);
    }

    // One failure is enough; but nothing goes on behind the caller's back.
    private static async Task EndAsync(IEnumerable<Task> reads)
    {
        try
        {
            await Task.WhenAll(reads);
        }
        catch (Exception failed) when (failed is LogException or OperationCanceledException)
        {
        }
    }

    private sealed record Directory(string Name, BlockHeader Header, long[] Lines)
    {
        public ReadOnlySpan<FrameEntry> Frames => MemoryMarshal.Cast<long, FrameEntry>(Lines);
    }
}
