using System.Buffers;
using OrleansStream.Log;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Producers;
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

    /// <summary>Changes any other write, given what stands.</summary>
    public Func<Manifest, Manifest, Manifest> OnEdit { get; init; } = static (_, next) => next;

    /// <summary>Changes what is read.</summary>
    public Func<Manifest, Manifest> OnGet { get; init; } = static manifest => manifest;

    /// <summary>After a conflict the same content is sent once more, on top of what stands now.</summary>
    public Func<Manifest, Manifest, bool> SendsAgain { get; init; } = static (_, _) => false;

    /// <summary>Told of a write of which it is not known whether it stands; the writer is told that it failed.</summary>
    public Func<Manifest?, Manifest, Task>? OnUnknown { get; init; }

    /// <summary>Awaited before a write is sent, given the next manifest.</summary>
    public Func<Manifest, Task>? BeforeWrite { get; init; }

    /// <summary>Awaited before the answer to a write that stands is given.</summary>
    public Func<Manifest, Task>? BeforeAnswer { get; init; }

    /// <summary>A claim that loses to one of the same session and epoch is taken for it: the change is contained.</summary>
    public bool ContainedIsSuccess { get; init; }

    /// <summary>A write of which it is not known whether it stands is answered as one that does.</summary>
    public bool UnknownIsSuccess { get; init; }

    /// <summary>Tombstones are answered without being written.</summary>
    public bool SkipsTombstones { get; init; }

    /// <summary>Tombstones are not found.</summary>
    public bool HidesTombstones { get; init; }

    public async ValueTask<StoredManifest?> GetAsync(PartitionId partition, CancellationToken cancellationToken) =>
        await inner.GetAsync(partition, cancellationToken) is { } stored && !(HidesTombstones && stored.Manifest.Deleted) ? stored with { Manifest = OnGet(stored.Manifest) } : null;

    public async ValueTask<ManifestWrite> CompareAndSetAsync(Manifest next, ETag? expected, CancellationToken cancellationToken)
    {
        if (SkipsOwnClaims && await inner.GetAsync(next.Partition, cancellationToken) is { } stored && stored.Manifest.Owner == next.Owner && stored.Manifest.Epoch < next.Epoch)
        {
            // An opener may go round in circles over this; the schedule bounds how often.
            await Task.Yield();
            return new ManifestWrite(ManifestOutcome.Written, stored.ETag);
        }

        if (BeforeWrite is not null) await BeforeWrite(next);
        var stands = await inner.GetAsync(next.Partition, cancellationToken);
        if (SkipsTombstones && next.Deleted) return new ManifestWrite(ManifestOutcome.Written, new ETag("0"));
        if (stands is not null) next = stands.Manifest.Epoch < next.Epoch ? OnClaim(stands.Manifest, next) : OnEdit(stands.Manifest, next);
        if (ComparesNothing) expected = stands?.ETag;
        var write = await inner.CompareAndSetAsync(next, expected, cancellationToken);
        if (write.Outcome == ManifestOutcome.Unknown && OnUnknown is not null)
        {
            await OnUnknown(stands?.Manifest, next);
            throw new LogException("The write was taken for failed.");
        }

        if (write.Outcome == ManifestOutcome.Unknown && UnknownIsSuccess) return new ManifestWrite(ManifestOutcome.Written, new ETag("0"));
        if (write.Outcome == ManifestOutcome.Written && BeforeAnswer is not null) await BeforeAnswer(next);
        if (write.Outcome != ManifestOutcome.Conflict) return write;
        if (ConflictIsSuccess) return new ManifestWrite(ManifestOutcome.Written, new ETag("0"));
        stands = await inner.GetAsync(next.Partition, cancellationToken);
        if (stands is null) return write;
        if (ContainedIsSuccess && stands.Manifest.Owner == next.Owner && stands.Manifest.Epoch == next.Epoch) return new ManifestWrite(ManifestOutcome.Written, stands.ETag);
        return SendsAgain(stands.Manifest, next) ? await inner.CompareAndSetAsync(next, stands.ETag, cancellationToken) : write;
    }

    public IAsyncEnumerable<StoredManifest> ListAsync(CancellationToken cancellationToken) => inner.ListAsync(cancellationToken);
}

/// <summary>A session store that leaves records out or changes them.</summary>
internal sealed class MutantSessions(ISessionStore inner) : ISessionStore
{
    public bool SkipsCreates { get; init; }

    /// <summary>Slots that a trim gives up beyond those that it may.</summary>
    public long TrimsTooFarBy { get; init; }

    /// <summary>A trim does not see that somebody has ended the session, and goes on without its record.</summary>
    public bool TrimsAfterTheFence { get; init; }

    /// <summary>Which sessions are never closed.</summary>
    public Func<SessionId, bool> KeepsOpen { get; init; } = static _ => false;

    /// <summary>Called with a new trim point; recorded is that only when what this began has had its time.</summary>
    public Action<Slot>? BeforeTrim { get; init; }

    public async ValueTask<StoredSession?> GetAsync(SessionId session, CancellationToken cancellationToken)
    {
        var stored = await inner.GetAsync(session, cancellationToken);
        return stored is not null && TrimsAfterTheFence ? stored with { Record = stored.Record with { State = SessionState.Open } } : stored;
    }

    public async ValueTask<bool> CompareAndSetAsync(SessionRecord next, ETag? expected, CancellationToken cancellationToken)
    {
        if (SkipsCreates && expected is null) return true;
        if (TrimsAfterTheFence && next.State == SessionState.Open && expected is not null && await inner.GetAsync(next.Session, cancellationToken) is not { Record.State: SessionState.Open }) return true;
        if (next.State == SessionState.Closed && KeepsOpen(next.Session)) return false;
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

/// <summary>A recovery that tells nothing of producers, and says that there are none.</summary>
internal sealed class MutantProducers(IRecoveredSessions inner) : IRecoveredSessions
{
    public ValueTask<IReadOnlyList<WalExtent>> FramesOfAsync(SessionId session, PartitionId partition, CancellationToken cancellationToken) => inner.FramesOfAsync(session, partition, cancellationToken);

    /// <summary>Of which partitions it tells nevertheless.</summary>
    public Func<PartitionId, bool> Tells { get; init; } = static _ => false;

    public ValueTask<ProducerDelta?> ProducersOfAsync(SessionId session, PartitionId partition, CancellationToken cancellationToken) =>
        Tells(partition) ? inner.ProducersOfAsync(session, partition, cancellationToken) : ValueTask.FromResult<ProducerDelta?>(new ProducerDelta());
}

/// <summary>A reader of segments that says that nobody produced them.</summary>
internal sealed class MutantSegments(IExtentReader inner) : IExtentReader
{
    public ValueTask ReadAsync(PartitionId partition, Extent extent, Offset from, int maxBytes, FrameList into, CancellationToken cancellationToken) => inner.ReadAsync(partition, extent, from, maxBytes, into, cancellationToken);

    public ValueTask<ProducerDelta?> ProducersOfAsync(PartitionId partition, Extent extent, CancellationToken cancellationToken) => ValueTask.FromResult<ProducerDelta?>(new ProducerDelta());
}

/// <summary>What the splitter reads, without some of it.</summary>
internal sealed class MutantExtents(IExtentReader inner, Func<PartitionId, Offset> lowest) : IExtentReader
{
    public ValueTask ReadAsync(PartitionId partition, Extent extent, Offset from, int maxBytes, FrameList into, CancellationToken cancellationToken) =>
        inner.ReadAsync(partition, extent, Offset.Max(from, lowest(partition)), maxBytes, into, cancellationToken);
}

/// <summary>An object store that says of every object that it is there.</summary>
internal sealed class MutantObjects(IObjectStore inner) : IObjectStore
{
    public ValueTask<bool> TryCreateAsync(string name, ReadOnlySequence<byte> content, CancellationToken cancellationToken) => inner.TryCreateAsync(name, content, cancellationToken);

    public ValueTask<int> ReadAsync(string name, long position, Memory<byte> destination, CancellationToken cancellationToken) => inner.ReadAsync(name, position, destination, cancellationToken);

    public async ValueTask<long> LengthAsync(string name, CancellationToken cancellationToken) => Math.Max(1, await inner.LengthAsync(name, cancellationToken));

    public ValueTask DeleteAsync(string name, CancellationToken cancellationToken) => inner.DeleteAsync(name, cancellationToken);

    public IAsyncEnumerable<string> ListAsync(string prefix, CancellationToken cancellationToken) => inner.ListAsync(prefix, cancellationToken);
}
