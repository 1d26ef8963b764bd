using System.ComponentModel.DataAnnotations;
using OrleansStream.Model;
using OrleansStream.Model.Options;

namespace OrleansStream.Log.AzureBlobs.Reading;

/// <summary>How blobs are read and cached: bounds of memory, and what each kind of read may take from the account at once.</summary>
public sealed class BlobReadingOptions : IValidatableObject
{
    public const string Section = "OrleansStream:BlobReading";

    /// <summary>
    /// Memory of the block cache: what was read last, together with what is being read. 32 MiB to 64 GiB, and no less than the bytes of all four kinds of
    /// reads together; 64 MiB unless set.
    /// </summary>
    [Between(32L * Limits.MiB, 64 * Limits.GiB)]
    public long CacheBytes { get; set; } = 64L * Limits.MiB;

    /// <summary>Memory for the directories of blocks that were written or read last. 1 MiB to 4 GiB; 16 MiB unless set.</summary>
    [Between(Limits.MiB, 4 * Limits.GiB)]
    public long DirectoryCacheBytes { get; set; } = 16L * Limits.MiB;

    /// <summary>The furthest that one reader is read ahead of; at most half of the cache serves all of them. 0 (never) to 32 MiB; 32 MiB unless set.</summary>
    [Between(0, 32 * Limits.MiB)]
    public int MaxReadAheadBytes { get; set; } = 32 * Limits.MiB;

    /// <summary>Requests at once of all opens and hand-overs of partitions, whose producers and consumers wait for them. 1 to 256; 32 unless set.</summary>
    [Between(1, 256)]
    public int OpenRequests { get; set; } = 32;

    /// <summary>Their bytes. 8 MiB to 1 GiB; 16 MiB unless set.</summary>
    [Between(8 * Limits.MiB, Limits.GiB)]
    public int OpenBytes { get; set; } = 16 * Limits.MiB;

    /// <summary>Requests at once of readers who are close behind the producers: what the tail cache gave up. 1 to 256; 16 unless set.</summary>
    [Between(1, 256)]
    public int HotRequests { get; set; } = 16;

    /// <summary>Their bytes. 8 MiB to 1 GiB; 16 MiB unless set.</summary>
    [Between(8 * Limits.MiB, Limits.GiB)]
    public int HotBytes { get; set; } = 16 * Limits.MiB;

    /// <summary>Requests at once of readers of segments: backfills. 1 to 256; 8 unless set.</summary>
    [Between(1, 256)]
    public int ColdRequests { get; set; } = 8;

    /// <summary>Their bytes. 8 MiB to 1 GiB; 16 MiB unless set.</summary>
    [Between(8 * Limits.MiB, Limits.GiB)]
    public int ColdBytes { get; set; } = 16 * Limits.MiB;

    /// <summary>Requests at once of splitting, merging and compaction, and of looks at blocks ahead of readers, together. 1 to 256; 4 unless set.</summary>
    [Between(1, 256)]
    public int BackgroundRequests { get; set; } = 4;

    /// <summary>Their bytes. 8 MiB to 1 GiB; 8 MiB unless set.</summary>
    [Between(8 * Limits.MiB, Limits.GiB)]
    public int BackgroundBytes { get; set; } = 8 * Limits.MiB;

    /// <summary>
    /// Whether a read that takes longer than 95 of 100 like it is asked for a second time, the first answer counting: at most one request in twenty more. On
    /// unless set.
    /// </summary>
    public bool Hedging { get; set; } = true;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        var reading = (long)OpenBytes + HotBytes + ColdBytes + BackgroundBytes;
        if (reading > CacheBytes)
        {
            yield return new(
                $"{Section}:{nameof(CacheBytes)} is {CacheBytes}; it must be at least {nameof(OpenBytes)}, {nameof(HotBytes)}, {nameof(ColdBytes)} and {nameof(BackgroundBytes)} together, which are {reading}: what is being read counts in it.",
                [nameof(CacheBytes)]);
        }
    }
}
