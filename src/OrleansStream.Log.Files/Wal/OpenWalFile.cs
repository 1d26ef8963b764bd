using OrleansStream.Log.Blocks;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Storage;
using OrleansStream.Model;

namespace OrleansStream.Log.Files.Wal;

/// <summary>A WAL file that is being written, or is ready to be.</summary>
internal sealed class OpenWalFile(IDiskFile disk, int number, long bytes)
{
    private const int ZerosAtOnce = 256 * Limits.KiB;

    private readonly Lock _lock = new();
    private long _zeroedBytes;
    private bool _isTaken;

    public IDiskFile Disk => disk;

    public int Number => number;

    /// <summary>Its reserved length.</summary>
    public long Bytes => bytes;

    /// <summary>Null before the first block.</summary>
    public WalFile? Map { get; set; }

    /// <summary>Null before the first block.</summary>
    public FooterBuilder? Footer { get; set; }

    /// <summary>Bytes from the start into which zeros were written.</summary>
    public long ZeroedBytes => Volatile.Read(ref _zeroedBytes);

    /// <summary>Where the next block goes.</summary>
    public long Position { get; private set; }

    public void Add(LaneBlock block)
    {
        var stored = block.Stored.Length;
        Footer!.Add(block, isFirst: Position == 0);
        Map!.Add(Position, stored);
        Position += stored;
        block.Region = number;
    }

    /// <summary>The lane writes to the file from here on: nobody else does any more.</summary>
    public void Take()
    {
        lock (_lock) _isTaken = true;
    }

    /// <summary>Writes zeros behind those that stand, durably, unless the lane has taken the file.</summary>
    public void WriteZeros(ReadOnlyMemory<byte> zeros)
    {
        lock (_lock)
        {
            if (_isTaken) return;

            // In pieces, so that the lane's own write to the same device need not wait for all of them.
            for (var done = 0; done < zeros.Length; done += ZerosAtOnce) disk.Write(_zeroedBytes + done, [zeros.Slice(done, Math.Min(ZerosAtOnce, zeros.Length - done))]);
            disk.SyncData();
            Volatile.Write(ref _zeroedBytes, _zeroedBytes + zeros.Length);
        }
    }

    /// <summary>
    /// Writes the footer and closes the file. All of its blocks are durable, so nothing here can lose one: where the footer cannot be written, the file
    /// has none, and recovery reads its blocks.
    /// </summary>
    public void Close()
    {
        try
        {
            var stored = WalFooter.StoredBytes((int)(Map!.EndSlot.Value - Map.FirstSlot.Value), Footer!);
            if (stored > 0) WriteFooter(stored);
        }
        catch (DiskException)
        {
        }
        finally
        {
            disk.Dispose();
            Footer!.Release();
            Footer = null;
            Map!.IsClosed = true;
        }
    }

    private void WriteFooter(int stored)
    {
        using var slabs = new SlabPool(maxKeptBytes: 0);
        var slab = slabs.Rent(stored);
        try
        {
            WalFooter.Write(slab.GetSpan()[..stored], Map!, Footer!);
            disk.Write(Position, [slab.Memory[..stored]]);
            disk.Truncate(Position + stored); // The footer is found at the end of the file; what was reserved behind it is free again.
            disk.SyncData();
            Map!.DiskBytes = Position + stored;
        }
        finally
        {
            slab.Return();
        }
    }
}
