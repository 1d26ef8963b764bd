using Microsoft.Extensions.Time.Testing;
using OrleansStream.Log.Brokers;

namespace OrleansStream.Log.Tests.Brokers;

public sealed class StopBudgetTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly StopBudget _budget;
    private int _exceeded;

    public StopBudgetTests() => _budget = new StopBudget(TimeSpan.FromSeconds(20), _time, () => _exceeded++);

    public void Dispose() => _budget.Dispose();

    [Fact]
    public void Each_step_of_a_stop_ends_at_its_share_of_one_time_and_the_process_a_second_after_the_last()
    {
        _budget.Begin();
        Assert.Equal("", EndedAt(13.999));
        Assert.Equal("hand-over", EndedAt(14));
        Assert.Equal("hand-over", EndedAt(16.999));
        Assert.Equal("hand-over, connections", EndedAt(17));
        Assert.Equal("hand-over, connections", EndedAt(19.999));
        Assert.Equal("hand-over, connections, log", EndedAt(20));
        EndedAt(20.999);
        Assert.Equal(0, _exceeded);
        EndedAt(21);
        Assert.Equal(1, _exceeded);
        Assert.Equal(TimeSpan.FromSeconds(17), _budget.ForConnections);
    }

    [Fact]
    public void Nothing_ends_before_the_order_and_a_second_order_gives_no_more_time()
    {
        EndedAt(100);
        Assert.Equal("", EndedAt(100));
        _budget.Begin();
        EndedAt(110);
        _budget.Begin();

        Assert.Equal("hand-over, connections, log", EndedAt(120));
    }

    [Fact]
    public void A_stop_that_has_come_to_its_end_is_not_cut_off()
    {
        _budget.Begin();
        EndedAt(19);
        _budget.Dispose();
        EndedAt(100);

        Assert.Equal(0, _exceeded);
        _budget.Begin();
        EndedAt(200);
        Assert.Equal(0, _exceeded);
    }

    private string EndedAt(double seconds)
    {
        _time.Advance(DateTimeOffset.FromUnixTimeMilliseconds(946684800000).AddSeconds(seconds) - _time.GetUtcNow());
        return string.Join(", ", new[] { ("hand-over", _budget.HandOverEnds), ("connections", _budget.ConnectionsEnd), ("log", _budget.LogEnds) }.Where(static step => step.Item2.IsCancellationRequested).Select(static step => step.Item1));
    }
}
