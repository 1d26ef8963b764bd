using System.ComponentModel.DataAnnotations;
using OrleansStream.Model;
using OrleansStream.Model.Options;

namespace OrleansStream.Log.Segments;

/// <summary>When small segments of a partition are joined into larger ones (rule S5).</summary>
public sealed class MergeOptions : IValidatableObject
{
    public const string Section = "OrleansStream:Merge";

    /// <summary>A segment with fewer bytes than this is small. 0 (nothing is merged) to 64 MiB; 4 MiB unless set.</summary>
    [Between(0, 64 * Limits.MiB)]
    public int SmallBytes { get; set; } = 4 * Limits.MiB;

    /// <summary>Bytes of a merged segment at the most; it is in memory while it is written. 1 MiB to 64 MiB; 32 MiB unless set. A topic's segment.bytes bounds it too.</summary>
    [Between(Limits.MiB, 64 * Limits.MiB)]
    public int MaxBytes { get; set; } = 32 * Limits.MiB;

    /// <summary>How many small segments that follow each other are joined before they make up <see cref="SmallBytes"/>. 2 to 1,000; 16 unless set.</summary>
    [Between(2, 1000)]
    public int Count { get; set; } = 16;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (SmallBytes > MaxBytes) yield return new($"{Section}:{nameof(SmallBytes)} is {SmallBytes}; it must not exceed {nameof(MaxBytes)}, which is {MaxBytes}.", [nameof(SmallBytes)]);
    }
}
