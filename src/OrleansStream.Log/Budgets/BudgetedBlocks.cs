using OrleansStream.Log.Blocks;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Budgets;

/// <summary>Reads of blocks that are taken from a budget. How many requests a read takes, and how many bytes it brings, is known after it, so the next one waits for them.</summary>
/// <param name="inner">What is used.</param>
/// <param name="budget">What each read waits for.</param>
/// <param name="isUrgent">Whether reads do not wait, and are charged all the same. Never unless given.</param>
public sealed class BudgetedBlocks(IBlockFrames inner, WorkBudget budget, Func<bool>? isUrgent = null) : IBlockFrames
{
    /// <inheritdoc/>
    public bool IsKnownToLack(SessionId session, Slot slot, FrameFilter isWanted) => inner.IsKnownToLack(session, slot, isWanted);

    /// <inheritdoc/>
    public async ValueTask<int> ReadAsync(SessionId session, Slot slot, FrameFilter isWanted, FrameList into, CancellationToken cancellationToken)
    {
        if (inner.IsKnownToLack(session, slot, isWanted)) return 0; // Costs no request: a run of one partition may go past thousands of such blocks.
        await budget.StandBackAsync(isUrgent, cancellationToken);
        await budget.TakeAsync(0, 0, isUrgent, cancellationToken);
        var before = into.Bytes;
        var requests = 1; // That one which fails sent at the least.
        try
        {
            return requests = await inner.ReadAsync(session, slot, isWanted, into, cancellationToken);
        }
        finally
        {
            budget.Spend(requests, into.Bytes - before);
        }
    }
}
