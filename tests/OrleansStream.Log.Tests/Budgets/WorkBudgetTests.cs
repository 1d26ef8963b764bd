using Microsoft.Extensions.Time.Testing;
using OrleansStream.Log.Budgets;
using OrleansStream.Model;

namespace OrleansStream.Log.Tests.Budgets;

/// <summary>When background work gets its share of a store.</summary>
public sealed class WorkBudgetTests
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    private readonly FakeTimeProvider _time = new();
    private readonly WorkBudget _budget;
    private bool _isPressed;

    public WorkBudgetTests()
    {
        // What waits goes on inside Advance, not by way of a thread of the pool.
        SynchronizationContext.SetSynchronizationContext(null);
        _budget = new WorkBudget(new WorkBudgetOptions { BytesPerSecond = Limits.MiB, OperationsPerSecond = 100 }, _time) { StandsBack = () => _isPressed };
    }

    [Fact]
    public void While_nobody_waits_for_the_store_there_is_something_at_once()
    {
        Assert.True(Take().IsCompletedSuccessfully);
        Assert.Equal(TimeSpan.Zero, _budget.Waited);
    }

    [Fact]
    public void While_producers_wait_for_the_store_work_stands_back_and_goes_on_soon_after()
    {
        _isPressed = true;
        var taken = Take();
        for (var look = 0; look < 10; look++) _time.Advance(Look);
        Assert.False(taken.IsCompleted);

        _isPressed = false;
        _time.Advance(Look);

        Assert.True(taken.IsCompletedSuccessfully);
        Assert.Equal(11 * Look, _budget.Waited);
    }

    // Retention and deletion have nobody who lets them through, however long producers ask for everything.
    [Fact]
    public void Work_stands_back_for_a_second_at_the_most()
    {
        _isPressed = true;
        var taken = Take();

        for (var look = 1; look < 50; look++) _time.Advance(Look);
        Assert.False(taken.IsCompleted);
        _time.Advance(Look);

        Assert.True(taken.IsCompletedSuccessfully);
    }

    [Fact]
    public void Work_that_is_urgent_stands_back_for_nobody_and_is_paid_for_by_the_others()
    {
        _isPressed = true;

        _budget.Spend(1, 3 * Limits.MiB);
        _isPressed = false;
        var taken = Take();
        _time.Advance(TimeSpan.FromSeconds(1.9));
        Assert.False(taken.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(0.2));

        Assert.True(taken.IsCompletedSuccessfully);
    }

    // What was urgent before may have left half a minute of debt; a lane that fills meanwhile must not wait for that.
    [Fact]
    public void Work_that_becomes_urgent_while_it_pays_for_others_waits_no_more_than_a_second_longer()
    {
        var isUrgent = false;
        _budget.Spend(1, 20 * Limits.MiB);
        var taken = _budget.TakeAsync(1, 0, () => isUrgent, TestContext.Current.CancellationToken).AsTask();
        _time.Advance(TimeSpan.FromSeconds(2.5));
        Assert.False(taken.IsCompleted);

        isUrgent = true;
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.True(taken.IsCompletedSuccessfully);
    }

    // Deletions above all: a container that is filled at full speed would grow by as much.
    [Fact]
    public void What_moves_few_bytes_stands_back_for_nobody()
    {
        _isPressed = true;

        Assert.True(_budget.TakeAsync(8, 0, TestContext.Current.CancellationToken).AsTask().IsCompletedSuccessfully);
        Assert.True(_budget.TakeAsync(1, 4 * Limits.KiB, TestContext.Current.CancellationToken).AsTask().IsCompletedSuccessfully);
    }

    [Fact]
    public void Reads_of_extents_stand_back_though_nobody_knows_their_bytes_before()
    {
        _isPressed = true;

        Assert.False(_budget.StandBackAsync(isUrgent: null, TestContext.Current.CancellationToken).AsTask().IsCompleted);
        Assert.True(_budget.StandBackAsync(static () => true, TestContext.Current.CancellationToken).AsTask().IsCompletedSuccessfully);
    }

    private Task Take() => _budget.TakeAsync(1, 64 * Limits.KiB, TestContext.Current.CancellationToken).AsTask();
}
