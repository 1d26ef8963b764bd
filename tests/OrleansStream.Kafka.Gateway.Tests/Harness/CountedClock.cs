using Microsoft.Extensions.Time.Testing;

namespace OrleansStream.Kafka.Gateway.Tests.Harness;

/// <summary>The clock of the test, which counts how often it is looked at, since who spins looks again and again, and knows the timers that were asked of it.</summary>
internal sealed class CountedClock(FakeTimeProvider clock) : TimeProvider
{
    private long _reads;

    /// <summary>When the timers were due that anybody has asked for: a test that moves the time first sees that somebody waits for it.</summary>
    public System.Collections.Concurrent.ConcurrentQueue<TimeSpan> Timers { get; } = new();

    public long Reads => Interlocked.Read(ref _reads);

    public override TimeZoneInfo LocalTimeZone => clock.LocalTimeZone;

    public override long TimestampFrequency => clock.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => clock.GetUtcNow();

    public override long GetTimestamp()
    {
        Interlocked.Increment(ref _reads);
        return clock.GetTimestamp();
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = clock.CreateTimer(callback, state, dueTime, period);
        Timers.Enqueue(dueTime);
        return timer;
    }
}
