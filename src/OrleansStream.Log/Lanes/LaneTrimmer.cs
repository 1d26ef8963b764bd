using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Lanes;

/// <summary>Gives up slots that nobody needs: first in the session record, then, after the read grace, in the store (rules T1 and T2).</summary>
internal sealed class LaneTrimmer(Lane lane, LaneSetup setup, LanePublisher publisher)
{
    private readonly Queue<(Slot Below, long At)> _given = new();
    private long _trimPoint;
    private int _isBusy;

    public Slot TrimPoint => new(Volatile.Read(ref _trimPoint));

    public async ValueTask TrimAsync(CancellationToken cancellationToken)
    {
        // A trim that is under way does what another one would do.
        if (Interlocked.Exchange(ref _isBusy, 1) != 0) return;

        try
        {
            ForgetWhatIsDue();
            if (lane.End is not null) return;

            // The published end is read before the index: a frame that is published in between then lies above the target (rule T1).
            var target = lane.TrimTarget(publisher.PublishedEnd);
            if (target > TrimPoint) await RecordAsync(target, cancellationToken);
            ForgetWhatIsDue(); // At once where there is no grace: readers of files are counted instead.
        }
        finally
        {
            Volatile.Write(ref _isBusy, 0);
        }
    }

    private async ValueTask RecordAsync(Slot target, CancellationToken cancellationToken)
    {
        var stored = await setup.Sessions.GetAsync(setup.Session, cancellationToken);
        var isOurs = stored is { Record.State: SessionState.Open }
            && await setup.Sessions.CompareAndSetAsync(stored.Record with { TrimPoint = target }, stored.ETag, cancellationToken);
        if (!isOurs)
        {
            // Rule X1: whoever fences freezes the trim point, and the trim that loses to it ends its own lane.
            lane.Abort(new LaneEnd($"The record of session {setup.Session} was changed by somebody else.", null));
            return;
        }

        Volatile.Write(ref _trimPoint, target.Value);
        _given.Enqueue((target, setup.Time.GetTimestamp()));
    }

    private void ForgetWhatIsDue()
    {
        while (_given.TryPeek(out var next) && setup.Time.GetElapsedTime(next.At) >= setup.ReadGrace)
        {
            _given.Dequeue();
            setup.Store.Forget(next.Below);
        }
    }
}
