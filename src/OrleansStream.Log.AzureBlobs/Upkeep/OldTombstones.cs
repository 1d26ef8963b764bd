using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Log.Budgets;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Upkeep;

/// <summary>
/// Deletes tombstones that are as old as fences get (rule D3), once the catalog has forgotten their topics and nothing of them is left to delete: or the container
/// would keep a blob for every partition that ever was.
/// </summary>
/// <param name="stores">What stands in the container.</param>
/// <param name="confirmTopic">Asks the catalog's owner.</param>
/// <param name="budget">What requests are taken from.</param>
internal sealed class OldTombstones(BlobUpkeepStores stores, Func<PartitionId, CancellationToken, ValueTask<bool>> confirmTopic, WorkBudget budget)
{
    /// <summary>Looks at every manifest that is old enough, once. Returns how many tombstones went.</summary>
    /// <exception cref="LogException">Storage failed; the next run goes on.</exception>
    public async ValueTask<int> RunAsync(CancellationToken cancellationToken)
    {
        var deleted = 0;
        await foreach (var blob in stores.Container.ListAsync(BlobNames.Manifests, cancellationToken))
        {
            if (blob.Age < ClosedSessions.FenceTime || !BlobNames.TryParseManifest(blob.Name, out var partition)) continue;
            await budget.TakeAsync(1, bytes: 0, cancellationToken);

            // Whatever the sweep may add to the list meanwhile it finds again, and makes a new tombstone for.
            if (await stores.Manifests.GetAsync(partition, cancellationToken) is not { Manifest: { Deleted: true, PendingDelete.IsEmpty: true } }) continue;
            if (await confirmTopic(partition, cancellationToken)) continue;
            await budget.TakeAsync(1, bytes: 0, cancellationToken);
            await stores.Container.DeleteAsync(blob.Name, cancellationToken);
            deleted++;
        }

        return deleted;
    }
}
