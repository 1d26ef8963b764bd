using System.Runtime.CompilerServices;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Manifests;

/// <summary>Where manifests stand. Many writers may race; a compare-and-set decides.</summary>
public interface IManifestStore
{
    /// <summary>What every manifest here carries (rule M5); others are neither read nor written.</summary>
    int ClusterGeneration => 0;

    /// <summary>The newest manifest, or null if the partition never had one.</summary>
    ValueTask<StoredManifest?> GetAsync(PartitionId partition, CancellationToken cancellationToken);

    /// <summary>Writes the manifest if the version read is still the newest (null: if there is none); durable on return.</summary>
    /// <param name="next">Computed from the manifest that <paramref name="expected"/> belongs to, never from memory (rule M1).</param>
    /// <param name="expected">Which version it replaces.</param>
    /// <param name="cancellationToken">Ends the wait, not the write: the outcome is then unknown.</param>
    ValueTask<ManifestWrite> CompareAndSetAsync(Manifest next, ETag? expected, CancellationToken cancellationToken);

    /// <summary>Every manifest there is, tombstones included, in no order.</summary>
    IAsyncEnumerable<StoredManifest> ListAsync(CancellationToken cancellationToken);

    /// <summary>Those of some partitions. A store that finds out from a name whose manifest it is reads no others.</summary>
    /// <param name="wanted">Which; asked beside the reads.</param>
    /// <param name="cancellationToken">Ends the reads.</param>
    async IAsyncEnumerable<StoredManifest> ListAsync(Func<PartitionId, bool> wanted, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var stored in ListAsync(cancellationToken))
        {
            if (wanted(stored.Manifest.Partition)) yield return stored;
        }
    }
}

/// <summary>A manifest as read, with the version to give back.</summary>
public sealed record StoredManifest(Manifest Manifest, ETag ETag);

/// <summary>What became of a write.</summary>
/// <param name="Outcome">Whether it stands.</param>
/// <param name="ETag">The new version if it stands.</param>
public readonly record struct ManifestWrite(ManifestOutcome Outcome, ETag ETag);

/// <summary>What is known after a compare-and-set.</summary>
public enum ManifestOutcome
{
    Written,

    /// <summary>Another write came first: read, and compute anew (rule M3).</summary>
    Conflict,

    /// <summary>It may stand, or come to stand later: send the same write with the same version again (rule M2).</summary>
    Unknown,
}
