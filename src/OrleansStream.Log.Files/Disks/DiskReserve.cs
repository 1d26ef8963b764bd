using OrleansStream.Log.Storage;
using OrleansStream.Model;

namespace OrleansStream.Log.Files.Disks;

/// <summary>
/// Space that a file of its own keeps for the broker, so that a disk which others have filled to the last byte still lets it start, trim, delete and stop.
/// It is given back in steps to what must be written, and taken again when there is space. Safe for any number of callers.
/// </summary>
public sealed class DiskReserve
{
    /// <summary>In the data directory.</summary>
    public const string FileName = "reserve";

    /// <summary>The largest piece that may be asked for at once, in bytes: whoever writes more than this at a time is not urgent.</summary>
    public const long MaxPieceBytes = 8L * Limits.MiB;

    // Left free when the reserve grows: what every small write would otherwise have to fetch back from it.
    private const long MarginBytes = 4L * Limits.MiB;

    private readonly Lock _gate = new();
    private readonly IDisk _disk;
    private readonly long _wanted;
    private long _bytes;

    private DiskReserve(IDisk disk, long wanted)
    {
        _disk = disk;
        _wanted = wanted;
    }

    /// <summary>Bytes that it keeps at the moment.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Whether it keeps less than it should.</summary>
    public bool IsShort => Bytes < _wanted;

    /// <summary>Finds what an earlier process reserved, and takes what is missing where the disk has it.</summary>
    /// <param name="disk">Without a reserve.</param>
    /// <param name="wanted">Bytes to keep; 0 for none.</param>
    public static DiskReserve Open(IDisk disk, long wanted)
    {
        var reserve = new DiskReserve(disk, wanted);
        if (disk.FileExists(FileName))
        {
            using var file = disk.Open(FileName, DiskOpenMode.Read);
            reserve._bytes = file.Length;
        }

        if (reserve.Bytes > wanted) reserve.CutTo(wanted);
        reserve.Restore();
        return reserve;
    }

    /// <summary>Gives bytes back to the disk for something that must be written.</summary>
    /// <param name="needed">How many.</param>
    /// <returns>False if nothing could be given: the disk stays full.</returns>
    public bool TryGiveBack(long needed)
    {
        lock (_gate)
        {
            if (_bytes == 0) return false;
            var before = _bytes;
            CutTo(Math.Max(0, _bytes - Math.Max(needed, MaxPieceBytes)));
            return _bytes < before;
        }
    }

    /// <summary>Takes what is missing, as far as the disk has it. To be called from time to time while <see cref="IsShort"/>; blocks.</summary>
    public void Restore()
    {
        lock (_gate)
        {
            try
            {
                var length = Math.Min(_wanted, _bytes + _disk.FreeBytes - MarginBytes);
                if (length <= _bytes) return;

                // Small steps are not worth a sync, but for the last one.
                if (length < _wanted && length - _bytes < MarginBytes) return;
                Grow(length);
            }
            catch (DiskException)
            {
                // Somebody else was quicker, or the disk fails and says so elsewhere. It is tried again.
            }
        }
    }

    private void Grow(long length)
    {
        var isNew = !_disk.FileExists(FileName);
        using var file = _disk.Open(FileName, isNew ? DiskOpenMode.Write | DiskOpenMode.CreateNew : DiskOpenMode.Write);
        file.Reserve(length);
        file.SyncData();
        if (isNew) _disk.SyncDirectory("");
        Volatile.Write(ref _bytes, length);
    }

    private void CutTo(long length)
    {
        try
        {
            using var file = _disk.Open(FileName, DiskOpenMode.Write);
            file.Truncate(length);
            Volatile.Write(ref _bytes, length);
            file.SyncData(); // Some file systems hand space out again only when its release was written.
        }
        catch (DiskException)
        {
            // Whoever wanted the space fails with its own error.
        }
    }
}
