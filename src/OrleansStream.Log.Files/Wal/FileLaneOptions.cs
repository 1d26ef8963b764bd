using System.ComponentModel.DataAnnotations;
using OrleansStream.Model;
using OrleansStream.Model.Options;

namespace OrleansStream.Log.Files.Wal;

/// <summary>How a lane writes to the disk, and how much it may hold.</summary>
public sealed class FileLaneOptions : IValidatableObject
{
    public const string Section = "OrleansStream:Lane";

    /// <summary>Size in bytes of a WAL file: what is given back to the disk at a time. 32 MiB (two of the largest blocks) to 4 GiB; 256 MiB unless set.</summary>
    [Between(2L * Limits.MaxBlockBytes, 4 * Limits.GiB)]
    public long FileBytes { get; set; } = 256L * Limits.MiB;

    /// <summary>Bytes of WAL files above which old ones are split into segments. At least two files; 8 GiB unless set.</summary>
    public long MaxWalBytes { get; set; } = 8 * Limits.GiB;

    /// <summary>Free bytes of the disk that producing leaves alone, so that a full disk can still trim, delete and stop. 0 to 16 GiB; 64 MiB unless set.</summary>
    [Between(0, 16 * Limits.GiB)]
    public long ReserveBytes { get; set; } = 64L * Limits.MiB;

    /// <summary>Memory of open and unpublished blocks. 16 MiB (one of the largest blocks) to 1 GiB; 32 MiB unless set. At the bound producers wait.</summary>
    [Between(Limits.MaxBlockBytes, Limits.GiB)]
    public long MaxOpenBytes { get; set; } = 32L * Limits.MiB;

    /// <summary>Size at which a block is sealed. 4 KiB to 16 MiB; 4 MiB unless set.</summary>
    [Between(Limits.BlockAlignment, Limits.MaxBlockBytes)]
    public int BlockBytes { get; set; } = Limits.BlockBytes;

    /// <summary>Whether WAL files bypass the page cache. Where the file system refuses it they do not, and a line in the log says so.</summary>
    public bool Direct { get; set; } = true;

    /// <summary>
    /// Whether the file that comes next is filled with zeros while flushes are small: halves the time of a small flush and the CPU of its sync, and doubles
    /// the bytes written to the device at such loads. True unless set.
    /// </summary>
    public bool ZeroAhead { get; set; } = true;

    /// <summary>When an acknowledgement may be given; <see cref="SyncMode.Every"/> unless set. <see cref="SyncMode"/> says what else would be lost.</summary>
    public SyncMode Sync { get; set; } = SyncMode.Every;

    /// <summary>Time between two syncs with <see cref="SyncMode.Interval"/>. 1 ms to 1 min; 100 ms unless set.</summary>
    public TimeSpan SyncInterval { get; set; } = TimeSpan.FromMilliseconds(100);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (FileBytes % Limits.BlockAlignment != 0) yield return Wrong(nameof(FileBytes), FileBytes, "a multiple of 4 KiB");
        if (MaxWalBytes < 2 * FileBytes) yield return Wrong(nameof(MaxWalBytes), MaxWalBytes, $"at least two files, {2 * FileBytes}");
        if (!Enum.IsDefined(Sync)) yield return Wrong(nameof(Sync), Sync, "Every or Interval");
        if (SyncInterval < TimeSpan.FromMilliseconds(1) || SyncInterval > TimeSpan.FromMinutes(1)) yield return Wrong(nameof(SyncInterval), SyncInterval, "1 ms to 1 min");
    }

    private static ValidationResult Wrong(string name, object value, string rule) => new($"{Section}:{name} is {value}; it must be {rule}.", [name]);
}
