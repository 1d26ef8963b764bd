using Microsoft.Extensions.Time.Testing;

namespace OrleansStream.Clustering.AzureTables.Tests.Harness;

/// <summary>Time that goes by as soon as somebody waits for it, and remembers how long each wait was.</summary>
public sealed class PassingTime : FakeTimeProvider
{
    public List<TimeSpan> Waits { get; } = [];

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = base.CreateTimer(callback, state, dueTime, period);
        if (dueTime == Timeout.InfiniteTimeSpan) return timer;
        lock (Waits) Waits.Add(dueTime);
        Advance(dueTime);
        return timer;
    }
}
