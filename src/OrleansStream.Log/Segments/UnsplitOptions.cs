using System.ComponentModel.DataAnnotations;
using OrleansStream.Model;
using OrleansStream.Model.Options;

namespace OrleansStream.Log.Segments;

/// <summary>How much may stay unsplit in a lane on blobs, and for how long (rule S1). What recovery of a dead session has to read is bounded by it.</summary>
public sealed class UnsplitOptions : IValidatableObject
{
    public const string Section = "OrleansStream:Unsplit";

    private static readonly TimeSpan ShortestAge = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestAge = TimeSpan.FromDays(1);

    /// <summary>Unsplit bytes at which a partition is cut into segments. 64 KiB to 64 MiB; 8 MiB unless set.</summary>
    [Between(64 * Limits.KiB, 64 * Limits.MiB)]
    public int PartitionBytes { get; set; } = 8 * Limits.MiB;

    /// <summary>Bytes of all blocks of the present session that are still needed, near which its oldest slots are emptied. 16 MiB to 4 GiB; 384 MiB unless set.</summary>
    [Between(16 * Limits.MiB, 4 * Limits.GiB)]
    public long LaneBytes { get; set; } = 384L * Limits.MiB;

    /// <summary>
    /// How old the oldest frame of a partition becomes before the partition is cut or, if it is small, appended again. 10 s to 1 day; 10 min unless set. A
    /// frame that was appended again once becomes twice as old, at most three times.
    /// </summary>
    public TimeSpan MaxAge { get; set; } = TimeSpan.FromMinutes(10);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (MaxAge < ShortestAge || MaxAge > LongestAge) yield return new($"{Section}:{nameof(MaxAge)} is {MaxAge}; it must be 10 s to 1 day.", [nameof(MaxAge)]);
        if (PartitionBytes > LaneBytes / 2)
            yield return new($"{Section}:{nameof(PartitionBytes)} is {PartitionBytes}; it must not exceed half of {nameof(LaneBytes)}, which is {LaneBytes}.", [nameof(PartitionBytes)]);
    }
}
