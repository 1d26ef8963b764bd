namespace OrleansStream.Simulation.Clusters;

/// <summary>The time of a simulated world: stands still while something can run, and then goes on to whatever is due next. One thread only.</summary>
internal sealed class WorldClock(DateTimeOffset start) : TimeProvider
{
    private readonly PriorityQueue<Action, (long Due, long Order)> _due = new();
    private long _now;
    private long _order;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>Since the world began.</summary>
    public TimeSpan Now => new(_now);

    /// <summary>When the next thing is due; null if nothing is.</summary>
    public TimeSpan? Next => _due.TryPeek(out _, out var when) ? new TimeSpan(when.Due) : null;

    public override DateTimeOffset GetUtcNow() => start + Now;

    public override long GetTimestamp() => _now;

    /// <summary>Does something later. What is due at the same time comes in the order of the calls.</summary>
    public void In(TimeSpan delay, Action action) => _due.Enqueue(action, (_now + Math.Max(0, delay.Ticks), ++_order));

    /// <summary>Goes on to the next thing and does it; false, at that time, if nothing is due until then.</summary>
    public bool RunNext(TimeSpan until)
    {
        if (Next is not { } next || next > until)
        {
            _now = Math.Max(_now, until.Ticks);
            return false;
        }

        _now = Math.Max(_now, next.Ticks);
        _due.Dequeue()();
        return true;
    }
}
