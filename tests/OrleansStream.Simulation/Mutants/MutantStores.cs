using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Simulation.Mutants;

/// <summary>A manifest store that gives wrong answers.</summary>
internal sealed class MutantManifests(IManifestStore inner) : IManifestStore
{
    public bool ConflictIsSuccess { get; init; }

    /// <summary>A claim in the own session is answered without being written.</summary>
    public bool SkipsOwnClaims { get; init; }

    /// <summary>Writes whatever the version is.</summary>
    public bool ComparesNothing { get; init; }

    /// <summary>Changes a claim, given what stands.</summary>
    public Func<Manifest, Manifest, Manifest> OnClaim { get; init; } = static (_, next) => next;

    public ValueTask<StoredManifest?> GetAsync(PartitionId partition, CancellationToken cancellationToken) => inner.GetAsync(partition, cancellationToken);

    public async ValueTask<ManifestWrite> CompareAndSetAsync(Manifest next, ETag? expected, CancellationToken cancellationToken)
    {
        if (SkipsOwnClaims && await inner.GetAsync(next.Partition, cancellationToken) is { } stored && stored.Manifest.Owner == next.Owner && stored.Manifest.Epoch < next.Epoch)
        {
            // An opener may go round in circles over this; the schedule bounds how often.
            await Task.Yield();
            return new ManifestWrite(ManifestOutcome.Written, stored.ETag);
        }

        var stands = await inner.GetAsync(next.Partition, cancellationToken);
        if (stands is not null && stands.Manifest.Epoch < next.Epoch) next = OnClaim(stands.Manifest, next);
        if (ComparesNothing) expected = stands?.ETag;
        var write = await inner.CompareAndSetAsync(next, expected, cancellationToken);
        return ConflictIsSuccess && write.Outcome == ManifestOutcome.Conflict ? new ManifestWrite(ManifestOutcome.Written, new ETag("0")) : write;
    }

    public IAsyncEnumerable<StoredManifest> ListAsync(CancellationToken cancellationToken) => inner.ListAsync(cancellationToken);
}

/// <summary>A session store that leaves records out or changes them.</summary>
internal sealed class MutantSessions(ISessionStore inner) : ISessionStore
{
    public bool SkipsCreates { get; init; }

    /// <summary>Slots that a trim gives up beyond those that it may.</summary>
    public long TrimsTooFarBy { get; init; }

    /// <summary>Called with a new trim point; recorded is that only when what this began has had its time.</summary>
    public Action<Slot>? BeforeTrim { get; init; }

    public ValueTask<StoredSession?> GetAsync(SessionId session, CancellationToken cancellationToken) => inner.GetAsync(session, cancellationToken);

    public async ValueTask<bool> CompareAndSetAsync(SessionRecord next, ETag? expected, CancellationToken cancellationToken)
    {
        if (SkipsCreates && expected is null) return true;
        if (TrimsTooFarBy > 0 && next.State == SessionState.Open && expected is not null) next = next with { TrimPoint = new Slot(next.TrimPoint.Value + TrimsTooFarBy) };
        if (next.State == SessionState.Open && expected is not null && BeforeTrim is not null)
        {
            BeforeTrim(next.TrimPoint);
            for (var i = 0; i < 20; i++) await Task.Yield();
        }

        return await inner.CompareAndSetAsync(next, expected, cancellationToken);
    }

    public IAsyncEnumerable<StoredSession> ListAsync(CancellationToken cancellationToken) => inner.ListAsync(cancellationToken);
}

/// <summary>A recovery that does not tell all.</summary>
internal sealed class MutantRecovered(IRecoveredSessions inner, Func<PartitionId, IReadOnlyList<WalExtent>, ValueTask<IReadOnlyList<WalExtent>>> change) : IRecoveredSessions
{
    public async ValueTask<IReadOnlyList<WalExtent>> FramesOfAsync(SessionId session, PartitionId partition, CancellationToken cancellationToken) =>
        await change(partition, await inner.FramesOfAsync(session, partition, cancellationToken));
}
