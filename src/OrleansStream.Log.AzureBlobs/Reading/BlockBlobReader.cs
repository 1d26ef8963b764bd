using System.Runtime.InteropServices;
using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Records;

namespace OrleansStream.Log.AzureBlobs.Reading;

/// <summary>Reads frames of WAL extents out of their blocks, range by range: first the directories, then the frames that count.</summary>
internal sealed class BlockBlobReader(IBlobContainer container, SlabPool slabs) : IExtentReader
{
    public async ValueTask ReadAsync(PartitionId partition, Extent extent, Offset from, int maxBytes, FrameList into, CancellationToken cancellationToken)
    {
        if (extent is not WalExtent wal) throw new ArgumentException($"{extent.GetType().Name} is not read here.", nameof(extent));

        var found = new List<(FrameEntry Frame, Slot Slot)>();
        for (var slot = wal.FirstSlot; slot <= wal.LastSlot; slot = slot.Next) await ListAsync(partition, (wal, slot), found, cancellationToken);
        var next = Offset.Max(from, wal.BaseOffset);
        var before = into.Count;
        long taken = 0;
        foreach (var (frame, slot) in found.OrderBy(static one => one.Frame.BaseOffset).ThenByDescending(static one => one.Slot))
        {
            if (frame.LastOffset < next || frame.LastOffset > wal.LastOffset) continue; // An older copy of what was taken, or not wanted.
            if (into.Count > before && taken + frame.Length > maxBytes) return;
            into.Add(await ReadAsync(wal.Session, slot, frame, cancellationToken));
            taken += frame.Length;
            next = frame.LastOffset + 1;
        }
    }

    private async ValueTask ListAsync(PartitionId partition, (WalExtent Wal, Slot Slot) of, List<(FrameEntry Frame, Slot Slot)> found, CancellationToken cancellationToken)
    {
        var name = BlobNames.BlockOf(of.Wal.Session, of.Slot);
        var start = new byte[BlockLayout.HeaderBytes];
        var length = await container.ReadAsync(name, 0, start, cancellationToken);
        if (length < 0) throw new StorageException(name, "Read", "the block is not there");
        if (!BlockCodec.TryReadHeader(start.AsSpan(0, length), out var header, out var problem)) throw new CorruptBlockException(name, 0, problem!);
        if (header.SessionHash != of.Wal.Session.Hash || header.Slot != of.Slot) throw new CorruptBlockException(name, 0, "it holds another block.");

        var lines = new long[(header.UsedBytes - header.DirectoryPosition) / sizeof(long)];
        var bytes = new byte[lines.Length * sizeof(long)];
        if (await container.ReadAsync(name, header.DirectoryPosition, bytes, cancellationToken) != bytes.Length) throw new CorruptBlockException(name, header.DirectoryPosition, "the block ends before its directory does.");
        bytes.CopyTo(MemoryMarshal.AsBytes(lines.AsSpan()));
        if (!BlockCodec.TryReadDirectory(start, MemoryMarshal.AsBytes(lines.AsSpan()), header, out var directory, out problem)) throw new CorruptBlockException(name, 0, problem!);
        foreach (ref readonly var entry in directory)
        {
            if (entry.Partition == partition) found.Add((entry, of.Slot));
        }
    }

    private async ValueTask<LeasedFrame> ReadAsync(SessionId session, Slot slot, FrameEntry frame, CancellationToken cancellationToken)
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
