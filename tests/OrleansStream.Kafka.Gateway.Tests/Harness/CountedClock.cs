using Microsoft.Extensions.Time.Testing;

namespace OrleansStream.Kafka.Gateway.Tests.Harness;

/// <summary>The clock of the test, which counts how often it is looked at: who spins looks again and again.</summary>
internal sealed class CountedClock(FakeTimeProvider clock) : TimeProvider
{
    private long _reads;

    public long Reads => Interlocked.Read(ref _reads);

    public override TimeZoneInfo LocalTimeZone => clock.LocalTimeZone;

    public override long TimestampFrequency => clock.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => clock.GetUtcNow();

    public override long GetTimestamp()
    {
        Interlocked.Increment(ref _reads);
        return clock.GetTimestamp();
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => clock.CreateTimer(callback, state, dueTime, period);
}
