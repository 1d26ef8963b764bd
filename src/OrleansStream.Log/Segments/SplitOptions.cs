using OrleansStream.Model;
using OrleansStream.Model.Options;

namespace OrleansStream.Log.Segments;

/// <summary>How old WAL files are emptied.</summary>
public sealed class SplitOptions
{
    public const string Section = "OrleansStream:Split";

    /// <summary>A partition with fewer bytes than this in a file is appended again instead of cut into a segment, twice at the most. 0 (never) to 16 MiB; 256 KiB unless set.</summary>
    [Between(0, 16 * Limits.MiB)]
    public int CarryBytes { get; set; } = 256 * Limits.KiB;

    /// <summary>Memory for the segments of small partitions that are cut in one pass over a file. 1 MiB to 1 GiB; 64 MiB unless set.</summary>
    [Between(Limits.MiB, Limits.GiB)]
    public long BudgetBytes { get; set; } = 64 * Limits.MiB;

    /// <summary>Most bytes that are appended again before the splitter waits for the lane, so that producers keep their latency. 64 KiB to 16 MiB; 1 MiB unless set.</summary>
    [Between(64 * Limits.KiB, 16 * Limits.MiB)]
    public int CarryAtOnceBytes { get; set; } = Limits.MiB;
}
