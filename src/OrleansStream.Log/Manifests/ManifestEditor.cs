using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Manifests;

/// <summary>Changes manifests by rules M1 to M3: read, compute, compare-and-set, and anew after a conflict. Safe for any number of callers.</summary>
/// <param name="store">Where manifests stand.</param>
/// <param name="random">For nonces. Locked while it is used, so it may be shared with whoever locks it too.</param>
/// <param name="time">For the pause after an unknown outcome.</param>
public sealed class ManifestEditor(IManifestStore store, Random random, TimeProvider time)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    /// <summary>Changes a manifest, as long as owner and epoch are those that the caller works under.</summary>
    /// <param name="partition">Whose manifest.</param>
    /// <param name="owner">The session that must own it.</param>
    /// <param name="epoch">The epoch that must stand there.</param>
    /// <param name="change">
    /// Makes the next manifest from the one just read; null if there is nothing to do, because the change is contained or an input is gone. Called again
    /// after each conflict, so it has no effects of its own. The nonce is set here.
    /// </param>
    /// <param name="cancellationToken">Ends the wait, not a write: the outcome is then unknown, and objects that it names must stay (rule M4).</param>
    public ValueTask<ManifestEdit> EditAsync(
        PartitionId partition, SessionId owner, LeaderEpoch epoch, Func<Manifest, Manifest?> change, CancellationToken cancellationToken) =>
        EditAsync(partition, stands => stands is { Deleted: false } && stands.Owner == owner && stands.Epoch == epoch, stands => change(stands!), cancellationToken);

    /// <summary>Changes a manifest whoever owns it, also a tombstone or one that does not exist: for what no owner decides, deletion and sweep. Never for a claim.</summary>
    /// <param name="partition">Whose manifest.</param>
    /// <param name="change">As for the other overload; it is given null where there is no manifest.</param>
    /// <param name="cancellationToken">As for the other overload.</param>
    public ValueTask<ManifestEdit> EditAnyAsync(PartitionId partition, Func<Manifest?, Manifest?> change, CancellationToken cancellationToken) =>
        EditAsync(partition, static _ => true, change, cancellationToken);

    private async ValueTask<ManifestEdit> EditAsync(PartitionId partition, Func<Manifest?, bool> isOurs, Func<Manifest?, Manifest?> change, CancellationToken cancellationToken)
    {
        Guid? lastNonce = null;
        while (true)
        {
            var stored = await store.GetAsync(partition, cancellationToken);

            // A conflict with ourselves: an earlier try of the write arrived after all (rule M2).
            if (stored is not null && stored.Manifest.Nonce == lastNonce) return new ManifestEdit(ManifestEditOutcome.Written, stored.Manifest);
            if (!isOurs(stored?.Manifest)) return new ManifestEdit(ManifestEditOutcome.NotOwner, stored?.Manifest);
            if (change(stored?.Manifest) is not { } changed) return new ManifestEdit(ManifestEditOutcome.Unchanged, stored?.Manifest);

            lastNonce = NewNonce();
            var next = changed with { Nonce = lastNonce.Value, ClusterGeneration = store.ClusterGeneration };
            if (await IsWrittenAsync(next, stored?.ETag, cancellationToken)) return new ManifestEdit(ManifestEditOutcome.Written, next);
        }
    }

    // Rule M2: after an unknown outcome the same write with the same version, until it stands or conflicts. That the manifest looks unchanged
    // would prove nothing: the write may still arrive.
    private async ValueTask<bool> IsWrittenAsync(Manifest next, Storage.ETag? expected, CancellationToken cancellationToken)
    {
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            var write = await store.CompareAndSetAsync(next, expected, cancellationToken);
            if (write.Outcome != ManifestOutcome.Unknown) return write.Outcome == ManifestOutcome.Written;
            await Task.Delay(pause, time, cancellationToken);
        }
    }

    private Guid NewNonce()
    {
        Span<byte> bytes = stackalloc byte[16];
        lock (random) random.NextBytes(bytes);
        return new Guid(bytes);
    }
}

/// <summary>How an edit ended.</summary>
/// <param name="Outcome">Whether the change stands.</param>
/// <param name="Manifest">The manifest that stands, as last seen; null if there is none.</param>
public readonly record struct ManifestEdit(ManifestEditOutcome Outcome, Manifest? Manifest);

/// <summary>What became of a change.</summary>
public enum ManifestEditOutcome
{
    /// <summary>It stands, durably.</summary>
    Written,

    /// <summary>There was nothing to do.</summary>
    Unchanged,

    /// <summary>Another owner, another epoch, a tombstone or nothing: the caller's time is over.</summary>
    NotOwner,
}
