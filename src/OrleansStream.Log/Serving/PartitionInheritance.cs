using System.Collections.Immutable;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Ownership;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Serving;

/// <summary>Finds out what a claim goes on from, where the partition had an owner before (rules O2 to O4).</summary>
internal sealed class PartitionInheritance(PartitionOpenerParts parts, ProducerReplay producers)
{
    /// <summary>What to claim from the owner that the manifest names.</summary>
    public async ValueTask<Inheritance> OfAsync(StoredManifest stored, ILane lane, (OpenApproach Approach, bool IsJournal, MoveTimeline? Line) how, CancellationToken cancellationToken)
    {
        var owner = stored.Manifest.Owner;
        if (owner == lane.Session) return await OwnAsync(stored, lane, cancellationToken);

        // A session began since the lane was looked at, and it may be the owner: nobody fences that one.
        if (parts.CurrentLane() != lane) return new Inheritance(InheritanceState.Changed);
        if (parts.Owners is not { } owners || parts.HasEnded(owner)) return await RecoveredAsync(stored, cancellationToken);
        if (how.Approach == OpenApproach.LeavesOwner) return new Inheritance(InheritanceState.OwnedElsewhere);

        // While the owner goes on serving: what this broker must read to serve is read by now, and what the owner must write for it is written.
        var prepared = await owners.PrepareAsync(owner, stored.Manifest.Partition, cancellationToken);
        how.Line?.Mark("prepared");
        var warm = !how.IsJournal && prepared is { Verdict: ReleaseVerdict.Prepared, Log: { } begins } ? await producers.WarmAsync(begins, prepared.Producers, lane, cancellationToken) : null;
        how.Line?.Mark("warmed");

        // O3. What the answer carries is claimed on the version that it carries, whatever this broker has read.
        var answer = prepared.Verdict is ReleaseVerdict.Prepared or ReleaseVerdict.Unprepared ? await owners.ReleaseAsync(owner, stored.Manifest.Partition, cancellationToken) : prepared;
        switch (answer.Verdict)
        {
            case ReleaseVerdict.Released:
                return new Inheritance(InheritanceState.Known, answer.Log, warm) { IsMove = true };
            case ReleaseVerdict.NotOwner when await HasChangedAsync(stored, cancellationToken):
                return new Inheritance(InheritanceState.Changed);
            case ReleaseVerdict.NotOwner or ReleaseVerdict.Dead:
                return await RecoveredAsync(stored, cancellationToken);
            default:
                return new Inheritance(InheritanceState.Silent);
        }
    }

    // O2: our own frames are in the lane index; but only when no more of them can come is the log's end known.
    private async ValueTask<Inheritance> OwnAsync(StoredManifest stored, ILane lane, CancellationToken cancellationToken)
    {
        var manifest = stored.Manifest;
        lane.CloseEpoch(manifest.Partition, manifest.Epoch);
        parts.Handles.Withdraw(manifest.Partition, manifest.Epoch, ErrorCode.NotLeaderOrFollower);
        await lane.DrainAsync(manifest.Partition, cancellationToken);
        return lane.End is null ? new Inheritance(InheritanceState.Known, new ReleasedLog(stored, manifest.Extents)) : new Inheritance(InheritanceState.Changed);
    }

    // O4: whoever wrote in that session can add nothing any more.
    private async ValueTask<Inheritance> RecoveredAsync(StoredManifest stored, CancellationToken cancellationToken)
    {
        try
        {
            var frames = await parts.Recovered.FramesOfAsync(stored.Manifest.Owner, stored.Manifest.Partition, cancellationToken);
            return new Inheritance(InheritanceState.Known, new ReleasedLog(stored, WithFrames(stored.Manifest, frames)));
        }
        catch (CorruptBlockException)
        {
            // The session may have had the partition a second time since the manifest was read: what others appended in between is in a newer one.
            if (await HasChangedAsync(stored, cancellationToken)) return new Inheritance(InheritanceState.Changed);
            throw;
        }
    }

    private async ValueTask<bool> HasChangedAsync(StoredManifest stored, CancellationToken cancellationToken) =>
        (await parts.Manifests.GetAsync(stored.Manifest.Partition, cancellationToken))?.ETag != stored.ETag;

    /// <summary>Adds what neither an extent of this very manifest covers nor log start has passed; by offset ranges, since runs may overlap either.</summary>
    public static ImmutableArray<Extent> WithFrames(Manifest manifest, IReadOnlyList<WalExtent> frames)
    {
        var extents = manifest.Extents.ToBuilder();
        var end = manifest.ExtentsEnd;
        foreach (var frame in frames)
        {
            if (frame.LastOffset < end) continue;
            if (frame.BaseOffset > end)
            {
                throw new CorruptBlockException(
                    frame.Session.ToString(), frame.FirstSlot.Value, $"partition {manifest.Partition}: offsets {end} to {frame.BaseOffset.Value - 1} are in no extent and not in the session; the next frame stands in slot {frame.FirstSlot}.");
            }

            extents.Add(frame.BaseOffset < end && extents.Count > 0 ? frame with { BaseOffset = end } : frame);
            end = frame.LastOffset + 1;
        }

        return extents.DrainToImmutable();
    }
}

/// <summary>What is known of a partition that had an owner.</summary>
/// <param name="State">Whether it can be claimed.</param>
/// <param name="Log">With <see cref="InheritanceState.Known"/>: what the claim is computed from, and the version that it replaces.</param>
/// <param name="Warm">Producers as far as they were read before the owner let go; null if they were not.</param>
internal readonly record struct Inheritance(InheritanceState State, ReleasedLog? Log = null, WarmProducers? Warm = null)
{
    /// <summary>Whether a broker that lives let go of it.</summary>
    public bool IsMove { get; init; }
}

/// <summary>What a claimant does next.</summary>
internal enum InheritanceState
{
    /// <summary>Claim it (rule O5).</summary>
    Known,

    /// <summary>What was read is out of date: begin anew.</summary>
    Changed,

    /// <summary>The owner is not known to be dead, and does not answer: ask again.</summary>
    Silent,

    /// <summary>Another broker has it, and is not asked.</summary>
    OwnedElsewhere,
}
