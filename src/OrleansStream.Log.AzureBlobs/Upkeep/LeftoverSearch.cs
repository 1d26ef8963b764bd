using System.Runtime.CompilerServices;
using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Retention;
using OrleansStream.Log.Storage;

namespace OrleansStream.Log.AzureBlobs.Upkeep;

/// <summary>
/// Finds what background work would delete from a container, or may come to delete, and changes nothing: a dry run of the sweep and of the closing of sessions. No
/// broker need run.
/// </summary>
/// <param name="stores">What stands in the container.</param>
/// <param name="time">Measures ages, where the store keeps none.</param>
public sealed class LeftoverSearch(BlobUpkeepStores stores, TimeProvider time)
{
    /// <summary>Lists everything that is left over now.</summary>
    /// <exception cref="LogException">Storage failed, or a record cannot be read; what was found before counts.</exception>
    public async IAsyncEnumerable<Leftover> FindAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var orphan in new OrphanSearch(stores.Manifests, stores.Objects, time).FindAsync(cancellationToken)) yield return new Leftover(orphan.Name, ReasonOf(orphan.Reason));
        await foreach (var stored in stores.Sessions.ListAsync(cancellationToken))
        {
            if (stored.Record.State != SessionState.Closed) continue;
            await foreach (var blob in ClosedSessions.SlotsAsync(stores.Container, stored.Record.Session, cancellationToken))
            {
                if (!ClosedSessions.IsFence(blob)) yield return new Leftover(blob.Name, "it is a block of a closed session");
                else if (blob.Age >= ClosedSessions.FenceTime) yield return new Leftover(blob.Name, "it is a fence of a closed session, and older than anything that it could keep out");
            }
        }

        await foreach (var blob in stores.Container.ListAsync(BlobNames.Manifests, cancellationToken))
        {
            if (blob.Age < ClosedSessions.FenceTime || !BlobNames.TryParseManifest(blob.Name, out var partition)) continue;
            if (await stores.Manifests.GetAsync(partition, cancellationToken) is { Manifest: { Deleted: true, PendingDelete.IsEmpty: true } })
                yield return new Leftover(blob.Name, "it is an old tombstone; it goes once the catalog has forgotten its topic");
        }
    }

    private static string ReasonOf(OrphanReason reason) => reason switch
    {
        OrphanReason.EpochPassed => "its manifest has a later epoch and does not name it",
        OrphanReason.Old => "its manifest has not named it for a day",
        OrphanReason.PartitionDeleted => "its partition is deleted",
        _ => "its partition has no manifest; it goes unless the catalog knows its topic",
    };
}

/// <summary>A blob that nothing needs.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Reason">Why, as the end of a sentence.</param>
public sealed record Leftover(string Name, string Reason);
