using System.Runtime.CompilerServices;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Budgets;

/// <summary>
/// A manifest store whose use is charged to a budget. A read or write of one manifest does not wait: whoever makes it may hold what a client waits for. The
/// work before and after it waits for as much longer.
/// </summary>
/// <param name="inner">What is used.</param>
/// <param name="budget">What is charged.</param>
public sealed class BudgetedManifests(IManifestStore inner, WorkBudget budget) : IManifestStore
{
    /// <inheritdoc/>
    public int ClusterGeneration => inner.ClusterGeneration;

    /// <inheritdoc/>
    public ValueTask<StoredManifest?> GetAsync(PartitionId partition, CancellationToken cancellationToken)
    {
        budget.Spend(1, 0);
        return inner.GetAsync(partition, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<ManifestWrite> CompareAndSetAsync(Manifest next, ETag? expected, CancellationToken cancellationToken)
    {
        budget.Spend(1, 0);
        return inner.CompareAndSetAsync(next, expected, cancellationToken);
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<StoredManifest> ListAsync(CancellationToken cancellationToken) => ChargedAsync(inner.ListAsync(cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<StoredManifest> ListAsync(Func<PartitionId, bool> wanted, CancellationToken cancellationToken) => ChargedAsync(inner.ListAsync(wanted, cancellationToken), cancellationToken);

    private async IAsyncEnumerable<StoredManifest> ChargedAsync(IAsyncEnumerable<StoredManifest> manifests, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var stored in manifests)
        {
            await budget.TakeAsync(1, 0, cancellationToken);
            yield return stored;
        }
    }
}
