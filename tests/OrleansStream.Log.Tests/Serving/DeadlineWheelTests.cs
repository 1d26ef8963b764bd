using Microsoft.Extensions.Time.Testing;
using OrleansStream.Log.Serving;

namespace OrleansStream.Log.Tests.Serving;

public sealed class DeadlineWheelTests
{
    private readonly FakeTimeProvider _time = new();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(499)]
    [InlineData(5_119)]
    [InlineData(5_120)]
    [InlineData(5_125)]
    [InlineData(86_400_000)]
    public void A_deadline_comes_neither_early_nor_more_than_a_tick_late(int milliseconds)
    {
        using var wheel = new DeadlineWheel(_time);
        var alarm = new Alarm();
        _time.Advance(TimeSpan.FromMilliseconds(3));
        wheel.Add(alarm, TimeSpan.FromMilliseconds(milliseconds));

        _time.Advance(TimeSpan.FromMilliseconds(milliseconds));
        if (milliseconds > 0) Assert.InRange(alarm.Rung, 0, 1);
        _time.Advance(TimeSpan.FromMilliseconds(6));
        Assert.Equal(1, alarm.Rung);
        Assert.Equal(0, wheel.Count);
    }

    [Fact]
    public void Nothing_comes_early()
    {
        using var wheel = new DeadlineWheel(_time);
        var alarm = new Alarm();
        wheel.Add(alarm, TimeSpan.FromMilliseconds(1000));
        for (var passed = 0; passed < 1000; passed++)
        {
            Assert.Equal(0, alarm.Rung);
            _time.Advance(TimeSpan.FromMilliseconds(1));
        }

        _time.Advance(TimeSpan.FromMilliseconds(5));
        Assert.Equal(1, alarm.Rung);
    }

    [Fact]
    public void Many_deadlines_come_in_time_whatever_was_added_and_removed_meanwhile()
    {
        var random = new Random(3);
        using var wheel = new DeadlineWheel(_time);
        var expected = new List<(Alarm Alarm, long Due, bool Removed)>();
        var now = 0L;
        for (var step = 0; step < 2000; step++)
        {
            var alarm = new Alarm();
            var after = random.Next(0, 12_000);
            wheel.Add(alarm, TimeSpan.FromMilliseconds(after));
            var removed = random.Next(3) == 0;
            if (removed) Assert.True(wheel.Remove(alarm));
            expected.Add((alarm, now + after, removed));
            var pause = random.Next(0, 30);
            _time.Advance(TimeSpan.FromMilliseconds(pause));
            now += pause;
            foreach (var (waiting, due, isRemoved) in expected)
            {
                if (isRemoved || now < due) Assert.Equal(0, waiting.Rung);
                else if (now >= due + 6) Assert.Equal(1, waiting.Rung);
            }
        }
    }

    [Fact]
    public void A_deadline_may_be_added_again_and_remove_others_while_it_rings()
    {
        using var wheel = new DeadlineWheel(_time);
        var second = new Alarm();
        var first = new Alarm();
        first.OnRing = () =>
        {
            wheel.Remove(second);
            if (first.Rung < 3) wheel.Add(first, TimeSpan.FromMilliseconds(10));
        };
        wheel.Add(second, TimeSpan.FromMilliseconds(10));
        wheel.Add(first, TimeSpan.FromMilliseconds(10));

        for (var step = 0; step < 20; step++) _time.Advance(TimeSpan.FromMilliseconds(5));

        // Of two that are due together either may be first.
        Assert.Equal(3, first.Rung);
        Assert.InRange(second.Rung, 0, 1);
        Assert.Equal(0, wheel.Count);
    }

    [Fact]
    public void An_unused_wheel_lets_its_timer_stand_still()
    {
        var counting = new CountingTime();
        using var wheel = new DeadlineWheel(counting);
        counting.Advance(TimeSpan.FromHours(1));
        var alarm = new Alarm();
        wheel.Add(alarm, TimeSpan.FromMilliseconds(100));
        counting.Advance(TimeSpan.FromMilliseconds(200));
        var readings = counting.Readings;

        counting.Advance(TimeSpan.FromHours(10));

        Assert.Equal(1, alarm.Rung);
        Assert.Equal(readings, counting.Readings);
    }

    [Fact]
    public void A_deadline_stands_in_one_wheel_at_a_time()
    {
        using var wheel = new DeadlineWheel(_time);
        var alarm = new Alarm();
        wheel.Add(alarm, TimeSpan.FromSeconds(1));

        Assert.Throws<InvalidOperationException>(() => wheel.Add(alarm, TimeSpan.FromSeconds(1)));
        Assert.True(wheel.Remove(alarm));
        Assert.False(wheel.Remove(alarm));
    }

    [Fact]
    public void A_deadline_that_throws_is_reported_and_keeps_no_other_from_coming()
    {
        var failures = new List<Exception>();
        using var wheel = new DeadlineWheel(_time, onFailed: failures.Add);
        var alarms = new List<Alarm>();
        for (var i = 0; i < 5; i++)
        {
            var alarm = new Alarm();
            if (i % 2 == 0) alarm.OnRing = static () => throw new InvalidOperationException("broken");
            alarms.Add(alarm);
            wheel.Add(alarm, TimeSpan.FromMilliseconds(10));
        }

        _time.Advance(TimeSpan.FromMilliseconds(20));
        Assert.All(alarms, static alarm => Assert.Equal(1, alarm.Rung));
        Assert.Equal(3, failures.Count);

        wheel.Add(alarms[1], TimeSpan.FromMilliseconds(10));
        _time.Advance(TimeSpan.FromMilliseconds(20));
        Assert.Equal(2, alarms[1].Rung);
    }

    [Fact]
    public void A_deadline_that_wants_to_come_again_while_the_wheel_is_disposed_hurts_nobody()
    {
        var failures = new List<Exception>();
        var wheel = new DeadlineWheel(_time, onFailed: failures.Add);
        var alarm = new Alarm();
        alarm.OnRing = () =>
        {
            wheel.Dispose();
            wheel.Add(alarm, TimeSpan.FromMilliseconds(10));
        };
        wheel.Add(alarm, TimeSpan.FromMilliseconds(10));

        _time.Advance(TimeSpan.FromMilliseconds(20));

        Assert.Equal(1, alarm.Rung);
        Assert.Empty(failures);
    }

    private sealed class Alarm : Deadline
    {
        public int Rung { get; private set; }

        public Action? OnRing { get; set; }

        protected internal override void OnDeadline()
        {
            Rung++;
            OnRing?.Invoke();
        }
    }

    /// <summary>Counts how often the clock is read, which every run of the timer does.</summary>
    private sealed class CountingTime : FakeTimeProvider
    {
        public int Readings { get; private set; }

        public override long GetTimestamp()
        {
            Readings++;
            return base.GetTimestamp();
        }
    }
}
