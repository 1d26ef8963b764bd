using System.Runtime.InteropServices;
using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Records;

namespace OrleansStream.Log.AzureBlobs.Reading;

/// <summary>
/// Reads frames of WAL extents out of their blocks, range by range: first the directories, then the frames that count, several at once. Directories that were
/// read are kept for the next read, and for the other partitions of the same blocks.
/// </summary>
internal sealed class BlockBlobReader(IBlobContainer container, SlabPool slabs) : IExtentReader
{
    private const int ReadsAtOnce = 16;

    private readonly BlockDirectories _directories = new();

    public async ValueTask ReadAsync(PartitionId partition, Extent extent, Offset from, int maxBytes, FrameList into, CancellationToken cancellationToken)
    {
        if (extent is not WalExtent wal) throw new ArgumentException($"{extent.GetType().Name} is not read here.", nameof(extent));

        var found = new List<(FrameEntry Frame, Slot Slot)>();
        foreach (var slots in Slots(wal).Chunk(ReadsAtOnce))
        {
            var directories = await Task.WhenAll(slots.Select(slot => DirectoryAsync(wal.Session, slot, cancellationToken)));
            for (var i = 0; i < slots.Length; i++) AddOf(partition, directories[i], slots[i], found);
        }

        foreach (var frames in Wanted(wal, found, from, maxBytes).Chunk(ReadsAtOnce)) await AddAsync(wal.Session, frames, into, cancellationToken);
    }

    private static IEnumerable<Slot> Slots(WalExtent wal)
    {
        for (var slot = wal.FirstSlot; slot <= wal.LastSlot; slot = slot.Next) yield return slot;
    }

    private static void AddOf(PartitionId partition, FrameEntry[] directory, Slot slot, List<(FrameEntry Frame, Slot Slot)> found)
    {
        foreach (ref readonly var entry in directory.AsSpan())
        {
            if (entry.Partition == partition) found.Add((entry, slot));
        }
    }

    private static IEnumerable<(FrameEntry Frame, Slot Slot)> Wanted(WalExtent wal, List<(FrameEntry Frame, Slot Slot)> found, Offset from, int maxBytes)
    {
        var next = Offset.Max(from, wal.BaseOffset);
        long taken = 0;
        foreach (var one in found.OrderBy(static one => one.Frame.BaseOffset).ThenByDescending(static one => one.Slot))
        {
            if (one.Frame.LastOffset < next || one.Frame.LastOffset > wal.LastOffset) continue; // An older copy of what was taken, or not wanted.
            if (taken > 0 && taken + one.Frame.Length > maxBytes) yield break;
            yield return one;
            taken += one.Frame.Length;
            next = one.Frame.LastOffset + 1;
        }
    }

    private async ValueTask AddAsync(SessionId session, (FrameEntry Frame, Slot Slot)[] frames, FrameList into, CancellationToken cancellationToken)
    {
        var reads = frames.Select(one => ReadAsync(session, one.Slot, one.Frame, cancellationToken)).ToList();
        try
        {
            await Task.WhenAll(reads);
        }
        catch
        {
            foreach (var read in reads)
            {
                if (read.IsCompletedSuccessfully) read.Result.Lease.Dispose();
            }

            throw;
        }

        foreach (var read in reads) into.Add(read.Result);
    }

    private async Task<FrameEntry[]> DirectoryAsync(SessionId session, Slot slot, CancellationToken cancellationToken)
    {
        if (_directories.Find(session, slot) is { } kept) return kept;

        var name = BlobNames.BlockOf(session, slot);
        var start = new byte[BlockLayout.HeaderBytes];
        var length = await container.ReadAsync(name, 0, start, cancellationToken);
        if (length < 0) throw new StorageException(name, "Read", "the block is not there");
        if (!BlockCodec.TryReadHeader(start.AsSpan(0, length), out var header, out var problem)) throw new CorruptBlockException(name, 0, problem!);
        if (header.SessionHash != session.Hash || header.Slot != slot) throw new CorruptBlockException(name, 0, "it holds another block.");

        var lines = new long[(header.UsedBytes - header.DirectoryPosition) / sizeof(long)];
        var bytes = new byte[lines.Length * sizeof(long)];
        if (await container.ReadAsync(name, header.DirectoryPosition, bytes, cancellationToken) != bytes.Length) throw new CorruptBlockException(name, header.DirectoryPosition, "the block ends before its directory does.");
        bytes.CopyTo(MemoryMarshal.AsBytes(lines.AsSpan()));
        if (!BlockCodec.TryReadDirectory(start, MemoryMarshal.AsBytes(lines.AsSpan()), header, out var directory, out problem)) throw new CorruptBlockException(name, 0, problem!);
        return _directories.Keep(session, slot, directory.ToArray());
    }

    private async Task<LeasedFrame> ReadAsync(SessionId session, Slot slot, FrameEntry frame, CancellationToken cancellationToken)
    {
        var name = BlobNames.BlockOf(session, slot);
        var slab = slabs.Rent(frame.Length);
        try
        {
            if (await container.ReadAsync(name, frame.Position, slab.Memory[..frame.Length], cancellationToken) != frame.Length) throw new CorruptBlockException(name, frame.Position, "the block ends before its frame does.");
            var checksum = Crc32C.Hash(slab.GetSpan()[..frame.Length]);
            if (checksum != frame.Checksum) throw new CorruptBlockException(name, frame.Position, BlockCodec.DescribeBadFrame(slot, frame, checksum));
            return new LeasedFrame(Block.OfRead(slabs, slab, frame.Length, session, slot), frame with { Position = 0 });
        }
        catch
        {
            slab.Return();
            throw;
        }
    }
}
