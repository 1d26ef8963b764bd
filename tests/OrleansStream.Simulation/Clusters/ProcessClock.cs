namespace OrleansStream.Simulation.Clusters;

/// <summary>Time as one process sees it: its timestamps go on while it stands still, but its timers fire only when it runs, and never after it died.</summary>
internal sealed class ProcessClock(WorldClock world, ProcessScheduler scheduler) : TimeProvider
{
    public override long TimestampFrequency => world.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => world.GetUtcNow();

    public override long GetTimestamp() => world.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ProcessTimer(this, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class ProcessTimer(ProcessClock clock, Action callback) : ITimer
    {
        // Each change makes what was planned before void.
        private int _version;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            var version = ++_version;
            if (dueTime != Timeout.InfiniteTimeSpan) clock.In(dueTime, () => Fire(version, period));
            return true;
        }

        public void Dispose() => _version++;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Fire(int version, TimeSpan period)
        {
            if (version != _version) return;
            clock.Post(() =>
            {
                if (version != _version) return;
                callback();
                if (period > TimeSpan.Zero && version == _version) clock.In(period, () => Fire(version, period));
            });
        }
    }

    private void In(TimeSpan delay, Action action) => world.In(delay, action);

    private void Post(Action action)
    {
        if (!scheduler.IsDead) scheduler.Post(action);
    }
}
