using OrleansStream.Coordination.Groups.Members;

namespace OrleansStream.Coordination.Tests.Groups;

public class SessionTimersTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly SessionTimers _timers = new();

    private static DateTimeOffset At(int second) => Start.AddSeconds(second);

    [Fact]
    public void A_refresh_moves_the_deadline_and_the_next_one_may_be_early_but_never_late()
    {
        _timers.Start("a", At(10));
        _timers.Start("a", At(15));
        Assert.Equal(At(10), _timers.Next);

        Assert.Empty(_timers.TakeExpired(At(10)));
        Assert.Equal(At(15), _timers.Next);
        Assert.Equal(["a"], _timers.TakeExpired(At(15)));
        Assert.Null(_timers.Next);
    }

    [Fact]
    public void A_deadline_may_come_nearer()
    {
        _timers.Start("a", At(300));
        _timers.Start("a", At(10));

        Assert.Equal(At(10), _timers.Next);
        Assert.Equal(["a"], _timers.TakeExpired(At(10)));
        Assert.Empty(_timers.TakeExpired(At(300)));
    }

    [Fact]
    public void A_stopped_timer_does_not_ring_and_a_later_one_of_the_same_id_does_once()
    {
        _timers.Start("a", At(10));
        _timers.Stop("a");
        Assert.Null(_timers.Next);
        _timers.Start("a", At(10));

        Assert.Equal(["a"], _timers.TakeExpired(At(20)));
    }

    [Fact]
    public void Ids_that_come_and_go_leave_nothing_behind()
    {
        for (var i = 0; i < 10_000; i++)
        {
            _timers.Start("a" + i, At(1_000_000 + i));
            _timers.Stop("a" + i);
        }

        _timers.Start("b", At(1));
        Assert.InRange(_timers.QueueLength, 1, 100);
        Assert.Equal(["b"], _timers.TakeExpired(At(2_000_000)));
    }
}
