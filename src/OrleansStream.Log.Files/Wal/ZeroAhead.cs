using OrleansStream.Log.Blocks;
using OrleansStream.Log.Storage;
using OrleansStream.Model;

namespace OrleansStream.Log.Files.Wal;

/// <summary>
/// Writes zeros into the prepared file while the lane makes small flushes into the open one. A flush into space that was only reserved changes the file
/// system's extents, and its sync must commit that change too: it takes twice the time and CPU (docs/adr/0002-wal-io.md). Large flushes gain less than
/// the zeros cost, so they stop it.
/// </summary>
internal sealed class ZeroAhead(WalStoreSetup setup) : IDisposable
{
    private const int ChunkBytes = Limits.MiB;

    // Above this size a flush is limited by the device, not by the commit.
    private const long MaxFlushBytes = 256 * Limits.KiB;

    private readonly SlabPool _slabs = new(maxKeptBytes: 0);
    private Slab? _zeros;
    private DiskException? _failure;
    private int _isQueued;

    public DiskException? Failure => Volatile.Read(ref _failure);

    /// <summary>By the writer, after a flush: keeps the prepared file's zeros level with the open file's blocks.</summary>
    public void OnFlush(OpenWalFile? next, long position, long flushBytes)
    {
        if (!setup.Options.ZeroAhead || next is null || flushBytes > MaxFlushBytes || next.ZeroedBytes >= Math.Min(position, setup.Options.FileBytes - ChunkBytes)) return;
        if (Interlocked.Exchange(ref _isQueued, 1) == 0) setup.RunApart(() => Zero(next));
    }

    public void Dispose()
    {
        _zeros?.Return();
        _zeros = null;
        _slabs.Dispose();
    }

    private void Zero(OpenWalFile file)
    {
        if (_zeros is null)
        {
            _zeros = _slabs.Rent(ChunkBytes);
            _zeros.GetSpan().Clear();
        }

        try
        {
            file.WriteZeros(_zeros.Memory[..ChunkBytes]);
        }
        catch (DiskException error)
        {
            Volatile.Write(ref _failure, error); // Rule F1 holds for files that no block stands in yet, too.
        }

        Volatile.Write(ref _isQueued, 0);
    }
}
