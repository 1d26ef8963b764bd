using System.Buffers;
using System.Runtime.CompilerServices;
using OrleansStream.Log.Storage;

namespace OrleansStream.Log.Budgets;

/// <summary>An object store whose use is taken from a budget.</summary>
/// <param name="inner">What is used.</param>
/// <param name="budget">What each call waits for.</param>
/// <param name="isUrgent">Whether calls do not wait, and are charged all the same. Never unless given.</param>
public sealed class BudgetedObjects(IObjectStore inner, WorkBudget budget, Func<bool>? isUrgent = null) : IObjectStore
{
    // What a service gives in one page at the least.
    private const int NamesInAPage = 1000;

    /// <inheritdoc/>
    public async ValueTask<bool> TryCreateAsync(string name, ReadOnlySequence<byte> content, CancellationToken cancellationToken)
    {
        await TakeAsync(content.Length, cancellationToken);
        return await inner.TryCreateAsync(name, content, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<int> ReadAsync(string name, long position, Memory<byte> destination, CancellationToken cancellationToken)
    {
        await TakeAsync(destination.Length, cancellationToken);
        return await inner.ReadAsync(name, position, destination, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<long> LengthAsync(string name, CancellationToken cancellationToken)
    {
        await TakeAsync(0, cancellationToken);
        return await inner.LengthAsync(name, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask DeleteAsync(string name, CancellationToken cancellationToken)
    {
        await TakeAsync(0, cancellationToken);
        await inner.DeleteAsync(name, cancellationToken);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<string> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var item in ListWithAgesAsync(prefix, cancellationToken)) yield return item.Name;
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ListedObject> ListWithAgesAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var listed = 0;
        await TakeAsync(0, cancellationToken);
        await foreach (var item in inner.ListWithAgesAsync(prefix, cancellationToken))
        {
            if (++listed % NamesInAPage == 0) await TakeAsync(0, cancellationToken);
            yield return item;
        }
    }

    private ValueTask TakeAsync(long bytes, CancellationToken cancellationToken) => budget.TakeAsync(1, bytes, isUrgent, cancellationToken);
}
