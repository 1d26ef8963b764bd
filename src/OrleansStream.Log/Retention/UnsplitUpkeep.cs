using OrleansStream.Log.Lanes;
using OrleansStream.Log.Segments;
using OrleansStream.Log.Serving;
using OrleansStream.Model;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Retention;

/// <summary>
/// Splits the lane on blobs by rule S1: a partition that has enough unsplit bytes for a segment, an old frame, or one that it inherited a minute ago; and the oldest
/// slots while the lane is near its bound, whosever they are.
/// </summary>
/// <param name="splitter">Splits.</param>
/// <param name="wal">The lane's bound.</param>
/// <param name="currentLane">The lane of the current session, ended or not.</param>
/// <param name="handles">The open partitions.</param>
/// <param name="time">The lane's clock.</param>
public sealed class UnsplitUpkeep(Splitter splitter, IWalUsage wal, Func<ILane> currentLane, HandleTable handles, TimeProvider time) : IWalUpkeep
{
    // Partitions that are planned at once: what one of them has may be in a segment before the last one's turn.
    private const int AtOnce = 128;

    // New bytes after which it is worth looking before the second is over: a fast lane fills a segment in less.
    private const long BytesBetweenLooks = 2L * Limits.MiB;

    private static readonly TimeSpan UsualPause = TimeSpan.FromSeconds(1);

    // While nothing is appended and nothing becomes due: partitions that were opened meanwhile may have inherited something.
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    // What was inherited keeps a dead session's blocks, all of them, and how old it was by then nobody knows. An age that begins anew with each move must therefore be shorter than the time between
    // two moves, or it never ends. Not at once either: a take-over has storage to itself until it is over, and a broker that is back within the minute gets its partitions as they were.
    private static readonly TimeSpan InheritedAge = TimeSpan.FromMinutes(1);

    // A part that could not be emptied: its blocks or the account are broken, and asking at once would only repeat the message.
    private static readonly TimeSpan AgainAfter = TimeSpan.FromMinutes(1);

    private readonly InheritedFrames _inherited = new(handles, time);
    private readonly List<UnsplitHolding> _holdings = [];
    private (SessionId Session, long HeldBytes, long Blocks) _seen;
    private long _lastLook = time.GetTimestamp();
    private long _nextDue;
    private long? _partFailed;

    /// <summary>When a partition is due.</summary>
    public UnsplitOptions Options { get; init; } = new();

    /// <summary>Bytes in dead sessions that open partitions of this broker still name.</summary>
    public long InheritedBytes => _inherited.Bytes;

    /// <inheritdoc/>
    public TimeSpan Interval { get; } = TimeSpan.FromMilliseconds(100);

    /// <inheritdoc/>
    public async ValueTask TendAsync(CancellationToken cancellationToken)
    {
        var lane = currentLane();
        if (lane.End is not null || !IsWorthALook(lane)) return;

        await EmptyOldestAsync(lane, cancellationToken);
        while (Due(lane) is { Count: > 0 } due)
        {
            await splitter.SplitAsync(due, cancellationToken);
            await lane.TrimAsync(cancellationToken);
            if (lane.End is not null || due.Count < AtOnce) return;
        }
    }

    private bool IsWorthALook(ILane lane)
    {
        var (now, held, blocks) = (time.GetTimestamp(), lane.Index.HeldBytes, lane.Index.BlocksAdded);
        var isWorth = _seen.Session != lane.Session || held - _seen.HeldBytes >= BytesBetweenLooks
            || (time.GetElapsedTime(_lastLook, now) >= UsualPause && (blocks != _seen.Blocks || now >= _nextDue));
        if (!isWorth) return false;
        _seen = (lane.Session, held, blocks);
        _lastLook = now;
        return true;
    }

    private async ValueTask EmptyOldestAsync(ILane lane, CancellationToken cancellationToken)
    {
        if (_partFailed is { } since && time.GetElapsedTime(since) < AgainAfter) return;
        _partFailed = null;
        while (wal.IsNearCap && lane.End is null && wal.ClosedParts() is [var oldest, ..])
        {
            var held = lane.Index.HeldBytes;
            if (!await splitter.SplitAsync(oldest, cancellationToken)) _partFailed = time.GetTimestamp();
            await lane.TrimAsync(cancellationToken);
            if (_partFailed is not null || lane.Index.HeldBytes >= held) return; // Nothing came free: the next look goes on.
        }
    }

    // The largest first: they hold most of what a recovery would have to read.
    private List<DuePartition> Due(ILane lane)
    {
        var now = time.GetTimestamp();
        _nextDue = now + TicksOf(LongestPause);
        var inherited = _inherited.Look();
        _holdings.Clear();
        lane.Index.CopyUnsplit(Options.MaxAge, time, _holdings);
        var due = new List<DuePartition>();
        var own = new HashSet<PartitionId>(_holdings.Count);
        foreach (var holding in _holdings)
        {
            own.Add(holding.Partition);
            var before = inherited.GetValueOrDefault(holding.Partition);
            if (ReasonOf(holding, before, now) is { } reason) due.Add(new DuePartition(holding.Partition, reason, holding.Bytes + before.Bytes, holding.Carries, holding.State));
        }

        foreach (var (partition, before) in inherited)
        {
            if (own.Contains(partition) || ReasonOf(before, now) is not { } reason) continue;
            due.Add(new DuePartition(partition, reason, before.Bytes, 0, lane.Index.StateOf(partition)));
        }

        if (due.RemoveAll(one => splitter.IsPaused(one.Partition)) > 0) _nextDue = now;
        return [.. due.OrderByDescending(static one => one.Bytes).Take(AtOnce)];
    }

    private DueReason? ReasonOf(UnsplitHolding holding, Inherited before, long now)
    {
        if (holding.Bytes + before.Bytes >= Options.PartitionBytes) return DueReason.Size;
        return ReasonOf(before, now) ?? (IsDue(holding.DueAt, now) ? DueReason.Age : null);
    }

    private DueReason? ReasonOf(Inherited before, long now)
    {
        if (before.Bytes == 0) return null;
        if (before.Bytes >= Options.PartitionBytes) return DueReason.Size;
        return IsDue(before.Since + TicksOf(Options.MaxAge < InheritedAge ? Options.MaxAge : InheritedAge), now) ? DueReason.InheritedAge : null;
    }

    private bool IsDue(long at, long now)
    {
        if (at <= now) return true;
        _nextDue = Math.Min(_nextDue, at);
        return false;
    }

    private long TicksOf(TimeSpan span) => (long)(span.TotalSeconds * time.TimestampFrequency);
}
