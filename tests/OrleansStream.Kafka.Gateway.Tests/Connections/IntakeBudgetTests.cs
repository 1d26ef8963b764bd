using OrleansStream.Kafka.Gateway.Connections;

namespace OrleansStream.Kafka.Gateway.Tests.Connections;

public class IntakeBudgetTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_claim_grows_by_what_it_asks_for_and_comes_back_whole()
    {
        var budget = new IntakeBudget(100);
        var claim = new IntakeClaim(80);
        await budget.GrowAsync(claim, 10, Cancellation);
        Assert.Equal(10, budget.Taken);

        await budget.GrowAsync(claim, 80, Cancellation);
        Assert.Equal(80, budget.Taken);
        budget.Return(80);

        Assert.Equal(0, budget.Taken);
    }

    // Each could have its step, and then both would wait for the other one for ever.
    [Fact]
    public async Task Claims_never_come_to_wait_for_one_another()
    {
        var budget = new IntakeBudget(100);
        var (first, second) = (new IntakeClaim(80), new IntakeClaim(80));
        await budget.GrowAsync(first, 40, Cancellation);
        var waiting = budget.GrowAsync(second, 30, Cancellation).AsTask();
        Assert.False(waiting.IsCompleted);

        await budget.GrowAsync(first, 80, Cancellation);
        Assert.False(waiting.IsCompleted);
        budget.Return(80);

        await waiting;
        await budget.GrowAsync(second, 80, Cancellation);
        Assert.Equal(80, budget.Taken);
    }

    // Seeded. However steps fall, somebody can always go on.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Whatever_order_they_grow_in_all_claims_are_completed(int seed)
    {
        var random = new Random(seed);
        var budget = new IntakeBudget(1000);
        var running = Enumerable.Range(0, 40).Select(_ => new IntakeClaim(budget.ChargeFor(random.Next(50, 2000)))).ToList();
        var steps = new List<Task>();
        while (running.Count > 0)
        {
            var able = running.Where(static claim => !claim.Waits).ToList();
            Assert.NotEmpty(able);
            var next = able[random.Next(able.Count)];
            if (next.Held == next.Need)
            {
                budget.Return(next.Need);
                running.Remove(next);
                continue;
            }

            steps.Add(budget.GrowAsync(next, Math.Min(next.Need, Math.Max(20, next.Held * random.Next(2, 5))), Cancellation).AsTask());
            Assert.True(budget.Taken <= budget.Capacity);
        }

        await Task.WhenAll(steps);
        Assert.Equal(0, budget.Taken);
        Assert.Equal(0, budget.Waiting);
    }

    [Fact]
    public async Task Small_demands_pass_a_claim_that_waits_for_another_claim()
    {
        var budget = new IntakeBudget(100);
        var (first, second) = (new IntakeClaim(80), new IntakeClaim(80));
        await budget.GrowAsync(first, 40, Cancellation);
        var waiting = budget.GrowAsync(second, 30, Cancellation).AsTask();

        Assert.True(budget.TryTake(60));
        Assert.False(waiting.IsCompleted);
        budget.Return(60);
        budget.Abandon(first);

        await waiting;
        Assert.Equal(30, budget.Taken);
    }

    [Fact]
    public async Task Small_demands_do_not_pass_a_claim_that_lacks_only_bytes()
    {
        var budget = new IntakeBudget(100);
        var claim = new IntakeClaim(80);
        await budget.GrowAsync(claim, 40, Cancellation);
        Assert.True(budget.TryTake(50));
        var waiting = budget.GrowAsync(claim, 80, Cancellation).AsTask();

        Assert.False(budget.TryTake(1));
        var small = budget.TakeAsync(30, Cancellation).AsTask();
        budget.Return(50);

        await waiting;
        Assert.False(small.IsCompleted);
        budget.Return(80);
        await small;
    }

    [Fact]
    public async Task Claims_and_small_demands_begin_in_the_order_in_which_they_came()
    {
        var budget = new IntakeBudget(100);
        Assert.True(budget.TryTake(100));
        var small = budget.TakeAsync(60, Cancellation).AsTask();
        var large = new IntakeClaim(90);
        var growing = budget.GrowAsync(large, 50, Cancellation).AsTask();
        var last = budget.TakeAsync(10, Cancellation).AsTask();
        Assert.Equal(3, budget.Waiting);
        Assert.Equal(120, budget.Missing);

        budget.Return(50);
        Assert.False(small.IsCompleted || growing.IsCompleted || last.IsCompleted);
        budget.Return(50);
        await small;
        Assert.False(growing.IsCompleted || last.IsCompleted);
        budget.Return(60);

        await growing;
        await last;
        Assert.Equal(60, budget.Taken);
    }

    [Fact]
    public async Task A_cancelled_step_leaves_the_claim_as_it_was_and_an_abandoned_claim_lets_others_on()
    {
        var budget = new IntakeBudget(100);
        var claim = new IntakeClaim(100);
        await budget.GrowAsync(claim, 40, Cancellation);
        Assert.True(budget.TryTake(10));
        using var impatience = new CancellationTokenSource();
        var waiting = budget.GrowAsync(claim, 100, impatience.Token).AsTask();
        var small = budget.TakeAsync(20, Cancellation).AsTask();
        Assert.Same(claim, budget.Stuck);

        await impatience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        budget.Abandon(claim);

        await small;
        Assert.Equal(30, budget.Taken);
        Assert.Null(budget.Stuck);
    }
}
