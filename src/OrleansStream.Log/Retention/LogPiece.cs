using OrleansStream.Log.Manifests;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Retention;

/// <summary>What retention keeps or drops as a whole: neighbouring extents, the counterpart of one of Kafka's segment files.</summary>
/// <param name="End">The offset after the last one.</param>
/// <param name="Bytes">Of its extents.</param>
/// <param name="MaxTimestampMs">Largest record timestamp, -1 if none.</param>
internal readonly record struct LogPiece(Offset End, long Bytes, long MaxTimestampMs)
{
    /// <summary>
    /// Cuts a log where Kafka would have rolled: before the extent that would make a piece larger than segment.bytes, or whose newest record is more than
    /// segment.ms younger than the piece's beginning. A single extent is never divided.
    /// </summary>
    public static List<LogPiece> Of(List<Extent> extents, PartitionSettings settings)
    {
        var pieces = new List<LogPiece>();
        var firstMs = 0L;
        foreach (var extent in extents)
        {
            var one = new LogPiece(extent.LastOffset + 1, extent.Bytes, extent.MaxTimestampMs);
            var joins = pieces.Count > 0
                && pieces[^1].Bytes + extent.Bytes <= settings.SegmentBytes
                && (firstMs < 0 || extent.MaxTimestampMs - firstMs <= settings.SegmentMs);
            if (joins)
            {
                pieces[^1] = new LogPiece(one.End, pieces[^1].Bytes + one.Bytes, Math.Max(pieces[^1].MaxTimestampMs, one.MaxTimestampMs));
            }
            else
            {
                pieces.Add(one);
                firstMs = extent.MaxTimestampMs;
            }
        }

        return pieces;
    }
}
