using OrleansStream.Log.Blocks;
using OrleansStream.Log.Manifests;
using OrleansStream.Model;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Serving;

/// <summary>Finds records by time (ListOffsets): by the largest timestamps of extents, then of frames, then of records.</summary>
internal sealed class TimestampSearch(PartitionId partition, ServingParts parts, PublishedLog log, LogReader reader)
{
    // So much is leased at a time: a search through gigabytes holds no more memory than a fetch.
    private const int StepBytes = Limits.MiB;

    private static readonly TimestampMatch NoMatch = new(ErrorCode.None, Offset.None, -1, LeaderEpoch.None);

    public async ValueTask<TimestampMatch> FirstAsync(long timestampMs, CancellationToken cancellationToken)
    {
        if (log.Closed != ErrorCode.None) return Failure(log.Closed);

        var from = log.LogStart;
        var end = log.HighWatermark.Value;
        using var frames = new FrameList();
        for (var at = from.Value; at < end;)
        {
            // Jump over what cannot match without reading it.
            if (log.NextInTail(at, end, timestampMs) is { } next)
            {
                if (next > at)
                {
                    at = next;
                    continue;
                }
            }
            else if (reader.Locate(at) is { } extent && extent.MaxTimestampMs < timestampMs)
            {
                at = extent.LastOffset.Value + 1;
                continue;
            }

            frames.Dispose();
            var error = await reader.ReadAsync(new ReadLimits(at, end, StepBytes, AtLeastOne: true), frames, cancellationToken);
            if (error != ErrorCode.None) return Failure(error);
            if (frames.Count == 0) break;
            if (FirstIn(frames, from, timestampMs) is { } match) return match;
            at = frames[frames.Count - 1].Entry.LastOffset.Value + 1;
        }

        return NoMatch;
    }

    public async ValueTask<TimestampMatch> LargestAsync(CancellationToken cancellationToken)
    {
        if (log.Closed != ErrorCode.None) return Failure(log.Closed);

        // The most promising extents first. What an extent claims may lie below log start or above the high watermark, so each is looked into
        // until no other one can hold anything larger, or anything as large at a lower offset.
        var best = NoMatch;
        var extents = reader.ExtentsFrom(log.LogStart.Value);
        extents.Sort(static (left, right) => left.MaxTimestampMs != right.MaxTimestampMs ? right.MaxTimestampMs.CompareTo(left.MaxTimestampMs) : left.BaseOffset.CompareTo(right.BaseOffset));
        foreach (var extent in extents)
        {
            if (extent.MaxTimestampMs < 0 || extent.MaxTimestampMs < best.TimestampMs) break;
            if (extent.MaxTimestampMs == best.TimestampMs && extent.BaseOffset > best.Offset) continue;
            best = await LargestInAsync(extent, best, cancellationToken);
            if (best.Error != ErrorCode.None) return best;
        }

        return best;
    }

    private async ValueTask<TimestampMatch> LargestInAsync(Extent extent, TimestampMatch best, CancellationToken cancellationToken)
    {
        var from = log.LogStart;
        var end = Math.Min(extent.LastOffset.Value + 1, log.HighWatermark.Value);
        using var frames = new FrameList();
        for (var at = Math.Max(extent.BaseOffset.Value, from.Value); at < end;)
        {
            frames.Dispose();
            var error = await reader.ReadAsync(new ReadLimits(at, end, StepBytes, AtLeastOne: true), frames, cancellationToken);
            if (error != ErrorCode.None) return Failure(error);
            if (frames.Count == 0) break;
            if (!TryLargestIn(frames, from, ref best)) return Failure(ErrorCode.KafkaStorageError);
            at = frames[frames.Count - 1].Entry.LastOffset.Value + 1;
        }

        return best;
    }

    private TimestampMatch? FirstIn(FrameList frames, Offset from, long timestampMs)
    {
        for (var index = 0; index < frames.Count; index++)
        {
            if (frames[index].Entry.Kind != FrameKind.Records || frames[index].Entry.MaxTimestampMs < timestampMs) continue;
            try
            {
                string? unreadable = null;
                var match = BatchSearch.First(frames[index].Bytes.Span, from, timestampMs, ref unreadable);
                Tell(unreadable);
                if (match is not null) return match;
            }
            catch (LogException broken)
            {
                parts.OnReadFailed?.Invoke(partition, frames[index].Entry.BaseOffset, broken);
                return Failure(ErrorCode.KafkaStorageError);
            }
        }

        return null;
    }

    private bool TryLargestIn(FrameList frames, Offset from, ref TimestampMatch best)
    {
        for (var index = 0; index < frames.Count; index++)
        {
            var entry = frames[index].Entry;
            if (entry.Kind != FrameKind.Records || entry.MaxTimestampMs < best.TimestampMs) continue;
            try
            {
                string? unreadable = null;
                if (BatchSearch.Largest(frames[index].Bytes.Span, from, ref unreadable) is { } match && IsBetter(match, best)) best = match;
                Tell(unreadable);
            }
            catch (LogException broken)
            {
                parts.OnReadFailed?.Invoke(partition, entry.BaseOffset, broken);
                return false;
            }
        }

        return true;
    }

    private void Tell(string? unreadable)
    {
        if (unreadable is not null && log.IsFirstUnreadable()) parts.OnUnreadable?.Invoke(partition, unreadable);
    }

    private static bool IsBetter(in TimestampMatch match, in TimestampMatch best) =>
        match.TimestampMs > best.TimestampMs || (match.TimestampMs == best.TimestampMs && match.Offset < best.Offset);

    internal static TimestampMatch Failure(ErrorCode error) => new(error, Offset.None, -1, LeaderEpoch.None);
}
