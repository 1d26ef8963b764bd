using OrleansStream.Log.Lanes;
using OrleansStream.Log.Segments;

namespace OrleansStream.Log.Retention;

/// <summary>Empties old parts of a WAL whose home its parts are (rule F5): while its cap is near, and such as hold hardly anything.</summary>
/// <param name="wal">What there is.</param>
/// <param name="splitter">Empties it.</param>
/// <param name="currentLane">The lane of the current session, ended or not.</param>
/// <param name="closeSessions">Closes ended sessions that nobody needs, and deletes their files (rule R4).</param>
/// <param name="time">The clock.</param>
public sealed class WalPartUpkeep(IWalUsage wal, Splitter splitter, Func<ILane> currentLane, Func<CancellationToken, Task> closeSessions, TimeProvider time) : IWalUpkeep
{
    // A part of the WAL that could not be emptied: its disk or data is broken, and asking each second would only repeat the message.
    private static readonly TimeSpan AgainAfter = TimeSpan.FromMinutes(1);

    // A file with less than this share of live bytes is emptied before the cap asks for it.
    private const int NearlyEmptyShare = 8;

    private readonly Dictionary<WalPart, long> _putOff = [];

    /// <inheritdoc/>
    public TimeSpan Interval { get; } = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    public async ValueTask TendAsync(CancellationToken cancellationToken)
    {
        var lane = currentLane();
        foreach (var part in wal.ClosedParts())
        {
            if (lane.End is not null) return;
            if (!wal.IsNearCap && !IsNearlyEmpty(lane, part))
            {
                // An ended session that is still needed stands before those of the present one, and keeps none of them from going.
                if (part.Session == lane.Session) return;
                continue;
            }

            if (IsPutOff(part))
            {
                // What follows in the session cannot be trimmed before it (rule T1).
                if (part.Session == lane.Session) return;
                continue;
            }

            if (!await splitter.SplitAsync(part, cancellationToken)) _putOff[part] = time.GetTimestamp();
            if (part.Session == lane.Session) await lane.TrimAsync(cancellationToken);
            else await closeSessions(cancellationToken);
        }
    }

    private static bool IsNearlyEmpty(ILane lane, WalPart part)
    {
        if (part.Session != lane.Session) return false;
        var holdings = new List<LaneHolding>();
        lane.Index.CopyBelow(part.End, holdings);
        return holdings.Sum(static holding => holding.Bytes) * NearlyEmptyShare < part.Bytes;
    }

    private bool IsPutOff(WalPart part)
    {
        if (!_putOff.TryGetValue(part, out var since)) return false;
        if (time.GetElapsedTime(since) < AgainAfter) return true;
        _putOff.Remove(part);
        return false;
    }
}
