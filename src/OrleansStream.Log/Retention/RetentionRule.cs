using OrleansStream.Log.Manifests;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Retention;

/// <summary>
/// What a topic's retention.ms and retention.bytes let go, as Kafka decides it over segment files. The newest piece goes too once all its records are too
/// old: Kafka 4.3.1 rolls its active segment for that (tried; segment.ms played no part). By size it never goes, unless retention.bytes is 0.
/// </summary>
internal static class RetentionRule
{
    /// <summary>Where the log is to start. Not above the high watermark; log start if nothing goes.</summary>
    /// <param name="extents">From log start on, in offset order.</param>
    /// <param name="logStart">Where it starts now.</param>
    /// <param name="highWatermark">Nothing at or above it goes.</param>
    /// <param name="settings">The topic's.</param>
    /// <param name="nowMs">The broker's clock, ms since 1970.</param>
    public static Offset NewLogStart(List<Extent> extents, Offset logStart, Offset highWatermark, PartitionSettings settings, long nowMs)
    {
        if (!settings.Deletes || (settings.RetentionMs < 0 && settings.RetentionBytes < 0)) return logStart;

        var pieces = LogPiece.Of(extents, settings);
        pieces.RemoveAll(piece => piece.End > highWatermark);
        var kept = Math.Max(CountTooOld(pieces, settings.RetentionMs, nowMs), CountTooMany(pieces, settings.RetentionBytes));
        return kept == 0 ? logStart : Offset.Max(logStart, pieces[kept - 1].End);
    }

    // From the oldest on, up to the first that has a record young enough: one with a timestamp in the future keeps its piece, and all behind it.
    // A piece without any timestamp says nothing about its age, and stays.
    private static int CountTooOld(List<LogPiece> pieces, long retentionMs, long nowMs)
    {
        if (retentionMs < 0) return 0;
        var count = 0;
        while (count < pieces.Count && pieces[count].MaxTimestampMs >= 0 && nowMs - pieces[count].MaxTimestampMs > retentionMs) count++;
        return count;
    }

    // A piece goes only if what is left still has the size asked for.
    private static int CountTooMany(List<LogPiece> pieces, long retentionBytes)
    {
        if (retentionBytes < 0) return 0;
        var excess = pieces.Sum(static piece => piece.Bytes) - retentionBytes;
        var count = 0;
        while (count < pieces.Count && excess - pieces[count].Bytes >= 0) excess -= pieces[count++].Bytes;
        return count;
    }
}
