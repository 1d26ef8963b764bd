using System.Collections.Immutable;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Serving;

namespace OrleansStream.Log.Segments;

/// <summary>Which segments of a log are joined (rule S5): small ones that follow each other, the oldest first, so that each byte is written again a few times at the most.</summary>
internal static class MergeRule
{
    // Retention lets go of whole segments. One that covers no more than this share of what retention keeps makes it keep that much more at the most.
    private const int ShareOfRetention = 8;

    /// <summary>The first segments that are worth it; empty if there are none.</summary>
    /// <param name="extents">Of the manifest, in offset order.</param>
    /// <param name="settings">The topic's: what is joined obeys segment.bytes and segment.ms, and does not blunt retention.</param>
    /// <param name="options">What is small, and how much is enough.</param>
    public static ImmutableArray<SegmentExtent> Find(ImmutableArray<Extent> extents, PartitionSettings settings, MergeOptions options)
    {
        var (maxBytes, maxMs) = LimitsOf(settings, options);
        for (var first = 0; first < extents.Length; first++)
        {
            var group = GroupFrom(extents, first, (options.SmallBytes, maxBytes, maxMs));
            if (IsWorthIt(group, options)) return [.. group];
        }

        return [];
    }

    private static (long Bytes, long Ms) LimitsOf(PartitionSettings settings, MergeOptions options)
    {
        long bytes = Math.Min(options.MaxBytes, settings.SegmentBytes);
        var ms = settings.SegmentMs;
        if (settings.Deletes && settings.RetentionBytes >= 0) bytes = Math.Min(bytes, settings.RetentionBytes / ShareOfRetention);
        if (settings.Deletes && settings.RetentionMs >= 0) ms = Math.Min(ms, settings.RetentionMs / ShareOfRetention);
        return (bytes, ms);
    }

    private static List<SegmentExtent> GroupFrom(ImmutableArray<Extent> extents, int first, (long Small, long Bytes, long Ms) limits)
    {
        var group = new List<SegmentExtent>();
        long bytes = 0;
        for (var i = first; i < extents.Length && extents[i] is SegmentExtent segment && segment.Bytes < limits.Small; i++)
        {
            if (bytes + segment.Bytes > limits.Bytes || IsTooLong(group, segment, limits.Ms)) break;
            group.Add(segment);
            bytes += segment.Bytes;
        }

        return group;
    }

    private static bool IsTooLong(List<SegmentExtent> group, SegmentExtent next, long maxMs) =>
        group.Count > 0 && group[0].MaxTimestampMs >= 0 && next.MaxTimestampMs - group[0].MaxTimestampMs > maxMs;

    // At least twice as large as its largest part: however small they come, a byte is written again about once for each doubling.
    private static bool IsWorthIt(List<SegmentExtent> group, MergeOptions options)
    {
        if (group.Count < 2) return false;
        var bytes = group.Sum(static segment => segment.Bytes);
        return (bytes >= options.SmallBytes || group.Count >= options.Count) && bytes >= 2 * group.Max(static segment => segment.Bytes);
    }
}
