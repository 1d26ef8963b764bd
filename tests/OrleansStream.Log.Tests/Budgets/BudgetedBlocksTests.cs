using Microsoft.Extensions.Time.Testing;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Budgets;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Dispatch;

namespace OrleansStream.Log.Tests.Budgets;

public sealed class BudgetedBlocksTests
{
    private static readonly SessionId Session = new(new BrokerId(1), new Guid(1, 2, 3, new byte[8]));

    private readonly FakeTimeProvider _time = new();
    private readonly CountedBlocks _blocks = new();
    private readonly WorkBudget _budget;
    private readonly BudgetedBlocks _budgeted;
    private bool _isUrgent;

    public BudgetedBlocksTests()
    {
        _budget = new WorkBudget(new WorkBudgetOptions { OperationsPerSecond = 10 }, _time);
        _budgeted = new BudgetedBlocks(_blocks, _budget, () => _isUrgent);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory, InlineData(0), InlineData(1), InlineData(3)]
    public async Task A_read_takes_as_many_operations_as_it_sent_requests(int requests)
    {
        _blocks.Requests = requests;

        Assert.Equal(requests, await ReadAsync());

        Assert.Equal(requests, _budget.OperationsTaken);
    }

    [Fact]
    public async Task What_is_known_to_lack_what_is_wanted_is_not_read()
    {
        _blocks.IsLacking = true;

        Assert.Equal(0, await ReadAsync());

        Assert.Equal((0, 0), (_blocks.Reads, _budget.OperationsTaken));
    }

    [Fact]
    public async Task A_read_that_failed_has_taken_one_operation()
    {
        _blocks.Failure = new LogException("a test said so");

        await Assert.ThrowsAsync<LogException>(() => ReadAsync());

        Assert.Equal(1, _budget.OperationsTaken);
    }

    [Fact]
    public async Task A_read_waits_until_those_before_it_are_paid_for_unless_it_is_urgent()
    {
        _blocks.Requests = 15;
        await ReadAsync();
        var next = ReadAsync();
        Assert.Equal((false, 1), (next.IsCompleted, _blocks.Reads));

        _isUrgent = true;
        await ReadAsync();
        Assert.Equal((2, 30), (_blocks.Reads, _budget.OperationsTaken));
        _isUrgent = false;

        // Twenty are owed by now, which takes two seconds.
        var began = _time.GetTimestamp();
        await Until.SoAsync(() => next.IsCompleted, () => _time.Advance(TimeSpan.FromMilliseconds(100)));
        Assert.True(_time.GetElapsedTime(began) >= TimeSpan.FromSeconds(2));
        Assert.Equal((3, 45), (_blocks.Reads, _budget.OperationsTaken));
    }

    [Fact]
    public async Task Whoever_gives_up_while_he_waits_reads_nothing_and_takes_nothing()
    {
        _blocks.Requests = 15;
        await ReadAsync();
        using var ends = new CancellationTokenSource();
        var next = ReadAsync(ends.Token);

        await ends.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
        Assert.Equal((1, 15), (_blocks.Reads, _budget.OperationsTaken));
    }

    private Task<int> ReadAsync(CancellationToken? cancellationToken = null) =>
        _budgeted.ReadAsync(Session, Slot.Zero, static (in FrameEntry _) => true, new FrameList(), cancellationToken ?? Token).AsTask();

    private sealed class CountedBlocks : IBlockFrames
    {
        public int Requests { get; set; }

        public bool IsLacking { get; set; }

        public LogException? Failure { get; set; }

        public int Reads { get; private set; }

        public bool IsKnownToLack(SessionId session, Slot slot, FrameFilter isWanted) => IsLacking;

        public ValueTask<int> ReadAsync(SessionId session, Slot slot, FrameFilter isWanted, FrameList into, CancellationToken cancellationToken)
        {
            Reads++;
            return Failure is null ? ValueTask.FromResult(Requests) : ValueTask.FromException<int>(Failure);
        }
    }
}
