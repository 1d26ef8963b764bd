using OrleansStream.Log.Blocks;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Budgets;

/// <summary>Reads of blocks that are taken from a budget. How many bytes a read brings is known after it, so the next one waits for them.</summary>
/// <param name="inner">What is used.</param>
/// <param name="budget">What each read waits for.</param>
/// <param name="isUrgent">Whether reads do not wait, and are charged all the same. Never unless given.</param>
public sealed class BudgetedBlocks(IBlockFrames inner, WorkBudget budget, Func<bool>? isUrgent = null) : IBlockFrames
{
    /// <inheritdoc/>
    public bool IsKnownToLack(SessionId session, Slot slot, FrameFilter isWanted) => inner.IsKnownToLack(session, slot, isWanted);

    /// <inheritdoc/>
    public async ValueTask ReadAsync(SessionId session, Slot slot, FrameFilter isWanted, FrameList into, CancellationToken cancellationToken)
    {
        if (inner.IsKnownToLack(session, slot, isWanted)) return; // Costs no request: a run of one partition may go past thousands of such blocks.
        await budget.StandBackAsync(isUrgent, cancellationToken);
        await budget.TakeAsync(1, 0, isUrgent, cancellationToken);
        var before = into.Bytes;
        await inner.ReadAsync(session, slot, isWanted, into, cancellationToken);
        budget.Spend(0, into.Bytes - before);
    }
}
