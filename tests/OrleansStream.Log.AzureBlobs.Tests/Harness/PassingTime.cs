using Microsoft.Extensions.Time.Testing;

namespace OrleansStream.Log.AzureBlobs.Tests.Harness;

/// <summary>Time that goes by as soon as somebody waits for it, and remembers how long each wait was. For pauses between tries, not for limits.</summary>
public sealed class PassingTime : FakeTimeProvider
{
    private readonly List<TimeSpan> _waits = [];

    public IReadOnlyList<TimeSpan> Waits
    {
        get
        {
            lock (_waits) return [.. _waits];
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = base.CreateTimer(callback, state, dueTime, period);
        if (dueTime == Timeout.InfiniteTimeSpan) return timer;
        lock (_waits) _waits.Add(dueTime);
        Advance(dueTime);
        return timer;
    }
}
