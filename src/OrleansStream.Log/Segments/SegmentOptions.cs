using System.ComponentModel.DataAnnotations;
using OrleansStream.Model;
using OrleansStream.Model.Options;

namespace OrleansStream.Log.Segments;

/// <summary>How segments are cut and read.</summary>
public sealed class SegmentOptions : IValidatableObject
{
    public const string Section = "OrleansStream:Segments";

    /// <summary>Size in bytes at which a segment is closed and the next begun; it is in memory while it is cut. 1 MiB to 64 MiB; 32 MiB unless set. A topic's segment.bytes bounds it too.</summary>
    [Between(Limits.MiB, 64 * Limits.MiB)]
    public int MaxBytes { get; set; } = 32 * Limits.MiB;

    /// <summary>Bytes between two entries of the sparse index, and what is read at least. 4 KiB to <see cref="MaxBytes"/>; 64 KiB unless set.</summary>
    [Between(4 * Limits.KiB, 64 * Limits.MiB)]
    public int IndexIntervalBytes { get; set; } = 64 * Limits.KiB;

    /// <summary>Memory for the indexes of segments that were read last. 1 MiB to 4 GiB; 16 MiB unless set.</summary>
    [Between(Limits.MiB, 4 * Limits.GiB)]
    public long IndexCacheBytes { get; set; } = 16 * Limits.MiB;

    /// <summary>Most bytes that one read takes from a segment, unless a single frame is larger. 64 KiB to 8 MiB; 1 MiB unless set.</summary>
    [Between(64 * Limits.KiB, 8 * Limits.MiB)]
    public int MaxReadBytes { get; set; } = Limits.MiB;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (IndexIntervalBytes > MaxBytes)
            yield return new($"{Section}:{nameof(IndexIntervalBytes)} is {IndexIntervalBytes}; it must not exceed {nameof(MaxBytes)}, which is {MaxBytes}.", [nameof(IndexIntervalBytes)]);
    }
}
