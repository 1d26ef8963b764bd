using OrleansStream.Kafka.Gateway.Connections;

namespace OrleansStream.Kafka.Gateway.Tests.Connections;

public class ByteBudgetTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_fits_is_taken_at_once_and_the_next_byte_waits()
    {
        var budget = new IntakeBudget(100);
        Assert.True(budget.TryTake(100));
        Assert.False(budget.TryTake(1));

        var waiting = budget.TakeAsync(1, Cancellation).AsTask();
        Assert.False(waiting.IsCompleted);
        budget.Return(100);

        await waiting;
        Assert.Equal(1, budget.Taken);
    }

    [Fact]
    public async Task A_demand_above_the_capacity_waits_alone()
    {
        var budget = new IntakeBudget(100);
        Assert.True(budget.TryTake(1));
        var large = budget.TakeAsync(1_000, Cancellation).AsTask();
        Assert.False(large.IsCompleted);

        budget.Return(1);
        await large;
        Assert.False(budget.TryTake(1));

        budget.Return(1_000);
        Assert.Equal(0, budget.Taken);
    }

    [Fact]
    public async Task Small_demands_do_not_pass_a_large_one_that_came_first()
    {
        var budget = new IntakeBudget(100);
        Assert.True(budget.TryTake(50));
        var large = budget.TakeAsync(80, Cancellation).AsTask();
        var small = budget.TakeAsync(10, Cancellation).AsTask();
        Assert.False(small.IsCompleted);

        budget.Return(50);

        await large;
        await small;
        Assert.Equal(90, budget.Taken);
    }

    [Fact]
    public async Task A_cancelled_wait_has_taken_nothing_and_lets_the_next_one_through()
    {
        var budget = new IntakeBudget(100);
        Assert.True(budget.TryTake(50));
        using var impatience = new CancellationTokenSource();
        var large = budget.TakeAsync(80, impatience.Token).AsTask();
        var small = budget.TakeAsync(10, Cancellation).AsTask();

        await impatience.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => large);
        await small;
        Assert.Equal(60, budget.Taken);
        Assert.Equal(0, budget.Waiting);
    }

    // Seeded; the seed is in the name of the case.
    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    public async Task However_it_is_used_the_bound_holds_and_everything_comes_back(int seed)
    {
        var budget = new ResponseBudget(1_000);
        var random = new Random(seed);
        int[] sizes = [.. Enumerable.Range(0, 2_000).Select(_ => random.Next(1, 1_500))];

        await Parallel.ForEachAsync(sizes, Cancellation, async (size, token) =>
        {
            await budget.TakeAsync(size, token);
            Assert.InRange(budget.Taken, 1, budget.Capacity);
            await Task.Yield();
            budget.Return(size);
        });

        Assert.Equal(0, budget.Taken);
        Assert.Equal(0, budget.Waiting);
    }
}
