using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Lanes;

/// <summary>Gives up slots that nobody needs: first in the session record, then, after the read grace, in the store (rules T1 and T2).</summary>
internal sealed class LaneTrimmer(Lane lane, LaneSetup setup, LanePublisher publisher)
{
    private readonly Queue<(Slot Below, long At)> _given = new();
    private Slot _due;
    private long _trimPoint;
    private long _lastRecord = setup.Time.GetTimestamp();
    private int _isBusy;

    public Slot TrimPoint => new(Volatile.Read(ref _trimPoint));

    public async ValueTask TrimAsync(CancellationToken cancellationToken)
    {
        // A trim that is under way does what another one would do.
        if (Interlocked.Exchange(ref _isBusy, 1) != 0) return;

        try
        {
            FindWhatIsDue();
            if (_due > Slot.Zero) setup.Store.Forget(_due); // Told again each time: a deletion that failed is then begun anew.
            if (lane.End is not null) return;

            // The published end is read before the index: a frame that is published in between then lies above the target (rule T1).
            var target = lane.TrimTarget(publisher.PublishedEnd);
            if (target > TrimPoint && IsWorthARecord(target)) await RecordAsync(target, cancellationToken);
            if (FindWhatIsDue()) setup.Store.Forget(_due); // At once where there is no grace: readers of files are counted instead.
        }
        finally
        {
            Volatile.Write(ref _isBusy, 0);
        }
    }

    // Where a record is a request to a remote store, a trim waits for company.
    private bool IsWorthARecord(Slot target) =>
        setup.Time.GetElapsedTime(_lastRecord) >= setup.TrimInterval || lane.Index.BytesBelow(target) >= setup.TrimBytes;

    private async ValueTask RecordAsync(Slot target, CancellationToken cancellationToken)
    {
        while (true)
        {
            var stored = await setup.Sessions.GetAsync(setup.Session, cancellationToken);
            if (stored is not { Record.State: SessionState.Open })
            {
                // Rule X1: whoever fences freezes the trim point, and the trim that loses to it ends its own lane.
                lane.Abort(new LaneEnd($"The record of session {setup.Session} was changed by somebody else.", null));
                return;
            }

            // Of an open session nobody but this lane changes the record: what stands there otherwise is an earlier trim that was not heard of. It may have
            // gone further than this one.
            target = target > stored.Record.TrimPoint ? target : stored.Record.TrimPoint;
            if (await setup.Sessions.CompareAndSetAsync(stored.Record with { TrimPoint = target }, stored.ETag, cancellationToken)) break;
        }

        Volatile.Write(ref _trimPoint, target.Value);
        lane.Index.OnTrimmed(target);
        _lastRecord = setup.Time.GetTimestamp();
        _given.Enqueue((target, _lastRecord));
    }

    private bool FindWhatIsDue()
    {
        var before = _due;
        while (_given.TryPeek(out var next) && setup.Time.GetElapsedTime(next.At) >= setup.ReadGrace) _due = _given.Dequeue().Below;
        return _due > before;
    }
}
