using OrleansStream.Model;
using OrleansStream.Model.Options;

namespace OrleansStream.Log.Files.Wal;

/// <summary>How cold reads of WAL files are cached and bounded.</summary>
public sealed class WalReaderOptions
{
    public const string Section = "OrleansStream:ColdReads";

    /// <summary>Bytes of windows that are kept for the next reader. 16 MiB (one of the largest blocks) to 16 GiB; 64 MiB unless set.</summary>
    [Between(16L * Limits.MiB, 16 * Limits.GiB)]
    public long CacheBytes { get; set; } = 64L * Limits.MiB;

    /// <summary>Bytes of a first window; each that follows another one is twice as large, up to <see cref="MaxWindowBytes"/>. 64 KiB to 8 MiB; 1 MiB unless set.</summary>
    [Between(64 * Limits.KiB, 8 * Limits.MiB)]
    public int WindowBytes { get; set; } = Limits.MiB;

    /// <summary>Largest window, unless a single block is larger. 64 KiB to 16 MiB; 8 MiB unless set.</summary>
    [Between(64 * Limits.KiB, 16 * Limits.MiB)]
    public int MaxWindowBytes { get; set; } = 8 * Limits.MiB;

    /// <summary>
    /// Whether files are read past the page cache, where the file system allows it: then a second reader costs the device as much as the first, but
    /// reads hold up the lane's syncs less. Off unless set.
    /// </summary>
    public bool Direct { get; set; }
}
