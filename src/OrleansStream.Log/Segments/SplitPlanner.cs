using System.Collections.Immutable;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Segments;

/// <summary>Finds out what keeps a part of the WAL from being given back.</summary>
internal sealed class SplitPlanner(SplitterParts parts)
{
    // Rule S4: at most twice per frame.
    private const int MaxCarries = 2;

    public async ValueTask<List<SplitPlan>> PlanAsync(WalPart part, CancellationToken cancellationToken)
    {
        var lane = parts.CurrentLane();
        return part.Session == lane.Session ? await OfOwnAsync(lane, part, cancellationToken) : await OfEndedAsync(lane, part.Session, cancellationToken);
    }

    /// <summary>The plan for a partition that is due by rule S1. Null if there is nothing to do for this broker now.</summary>
    public async ValueTask<SplitPlan?> PlanAsync(ILane lane, DuePartition due, CancellationToken cancellationToken)
    {
        var isSmall = due.Reason != DueReason.Size && due.Bytes < parts.Options.CarryBytes;
        if (isSmall && due.Reason == DueReason.Age && due.Carries < MaxCarries && OfOwnFrames(lane, due) is { } carried) return carried;
        if (await PlanAsync(lane, due.Partition, new Offset(long.MaxValue), cancellationToken) is not { } plan) return null;

        var inherited = plan.Sources.TakeWhile(source => source.Session != lane.Session).ToImmutableArray();
        return isSmall && due.Reason == DueReason.InheritedAge && plan is { Handle: not null, MayDropInherited: true } && due.State is { } state
            ? plan with { CarriedIn = state, CarriesInherited = true, Sources = inherited }
            : plan;
    }

    // No manifest is needed to carry what the session itself published: the frames are copied under the handle's epoch, or refused if that is closed (rule B2).
    private SplitPlan? OfOwnFrames(ILane lane, DuePartition due)
    {
        if (!parts.Handles.TryGet(due.Partition, out var handle) || !handle.IsOwner || handle.Session != lane.Session || due.State is null) return null;
        var sources = new List<WalExtent>();
        lane.Index.CopyForCarry(due.Partition, sources);
        return sources.Count == 0 ? null : new SplitPlan
        {
            Partition = due.Partition,
            Epoch = handle.Epoch,
            Handle = handle,
            Sources = [.. sources],
            From = sources[0].BaseOffset,
            LogStart = handle.LogStart,
            CarriedIn = due.State,
        };
    }

    /// <summary>The plan for a partition up to an offset, computed from the manifest as it stands (rule M1). Null if there is nothing to do for this broker.</summary>
    public async ValueTask<SplitPlan?> PlanAsync(ILane lane, PartitionId partition, Offset to, CancellationToken cancellationToken)
    {
        // Rule T1, and the end before the manifest: what a later claim of this session brings lies above it.
        var held = lane.Index.PublishedEnd(partition);
        var manifest = await ReadAsync(partition, cancellationToken);
        if (held is { } end && manifest is not null && manifest.Owner != lane.Session && LastIn(manifest, lane.Session) is null) lane.Index.ForgetBelow(partition, end);

        // Deleted for good, so nothing of it is needed, whatever came into the index since.
        if (manifest is { Deleted: true }) lane.Index.ForgetBelow(partition, new Offset(long.MaxValue));
        if (manifest is null || manifest.Deleted || manifest.Owner != lane.Session) return null;

        // Rule S3, for what came into the index after that was found out: a copy of a frame that expired on its way.
        lane.Index.ForgetBelow(partition, CoveredEnd(manifest));
        var sources = SourcesOf(lane, manifest, to);
        if (sources.IsEmpty) return null;

        // Whoever opens it now reads what the manifest names, and is let be: the next call finds a handle. Asked in this order, since an open publishes its
        // handle before it ends; one that begins later claims a higher epoch, under which this plan changes nothing.
        var handle = HandleOf(manifest);
        if (handle is null && (parts.IsOpening(partition) || HandleOf(manifest) is not null)) return null;

        // An entry of the lane index may reach below what a segment covers already.
        var from = manifest.Extents.OfType<WalExtent>().FirstOrDefault()?.BaseOffset ?? Offset.Max(sources[0].BaseOffset, manifest.ExtentsEnd);
        return new SplitPlan
        {
            Partition = partition,
            Epoch = manifest.Epoch,
            Handle = handle,
            Sources = sources,
            From = from,
            LogStart = manifest.LogStart,
            MayDropInherited = InheritedCarry.IsPossible(manifest, SegmentsFirst(manifest), sources.Count(source => source.Session != lane.Session)),
        };
    }

    // Through the handle where there is one: what a write that was not heard of has changed is in force there before the index forgets what it covers.
    private async ValueTask<Manifest?> ReadAsync(PartitionId partition, CancellationToken cancellationToken) =>
        parts.Handles.TryGet(partition, out var handle) && handle.IsOwner
            ? (await handle.EditManifestAsync(parts.Manifests, static _ => null, cancellationToken)).Manifest
            : (await parts.Store.GetAsync(partition, cancellationToken))?.Manifest;

    private static int SegmentsFirst(Manifest manifest) => manifest.Extents.TakeWhile(static extent => extent is SegmentExtent).Count();

    private static Offset CoveredEnd(Manifest manifest) =>
        SegmentsFirst(manifest) is > 0 and var count ? Offset.Max(manifest.LogStart, manifest.Extents[count - 1].LastOffset + 1) : manifest.LogStart;

    // Inherited extents first; the lane index follows them where no segment stands between.
    private static ImmutableArray<WalExtent> SourcesOf(ILane lane, Manifest manifest, Offset to)
    {
        var segments = SegmentsFirst(manifest);
        var sources = manifest.Extents.Skip(segments).TakeWhile(static extent => extent is WalExtent).Cast<WalExtent>().ToList();
        if (segments + sources.Count == manifest.Extents.Length) lane.Index.CopyTo(manifest.Partition, manifest.ExtentsEnd, sources);
        return [.. sources.TakeWhile(source => source.BaseOffset <= to)];
    }

    private async ValueTask<List<SplitPlan>> OfOwnAsync(ILane lane, WalPart part, CancellationToken cancellationToken)
    {
        var holdings = new List<LaneHolding>();
        lane.Index.CopyBelow(part.End, holdings);
        var plans = new List<SplitPlan>();
        foreach (var holding in holdings)
        {
            if (await PlanAsync(lane, holding.Partition, holding.LastOffset, cancellationToken) is not { } plan) continue;
            plans.Add(IsCarried(holding, plan) ? plan with { CarriedIn = holding.State, Sources = [.. plan.Sources.Where(source => source.Session == part.Session && source.FirstSlot < part.End)] } : plan);
        }

        return plans;
    }

    // Only under an owner who can append, and only frames of this session: the lane index knows no others.
    private bool IsCarried(in LaneHolding holding, SplitPlan plan) =>
        plan.Handle is not null && holding.Bytes < parts.Options.CarryBytes && holding.Carries < MaxCarries && plan.Sources[0].Session == parts.CurrentLane().Session;

    private async ValueTask<List<SplitPlan>> OfEndedAsync(ILane lane, SessionId session, CancellationToken cancellationToken)
    {
        var named = new List<Manifest>();
        await foreach (var stored in parts.Store.ListAsync(cancellationToken))
        {
            if (!stored.Manifest.Deleted && (stored.Manifest.Owner == session || LastIn(stored.Manifest, session) is not null)) named.Add(stored.Manifest);
        }

        var plans = new List<SplitPlan>();
        foreach (var manifest in named)
        {
            var mine = manifest;
            if (manifest.Owner != lane.Session)
            {
                // Nobody has opened it since. Claiming puts its frames into the manifest.
                if (await parts.Open(manifest.Partition, cancellationToken) is not { } handle) continue;
                mine = handle.Manifest;
            }

            if (LastIn(mine, session) is { } last && await PlanAsync(lane, mine.Partition, last, cancellationToken) is { } plan) plans.Add(plan);
        }

        return plans;
    }

    private static Offset? LastIn(Manifest manifest, SessionId session) =>
        manifest.Extents.LastOrDefault(extent => extent is WalExtent wal && wal.Session == session)?.LastOffset;

    private PartitionHandle? HandleOf(Manifest manifest) =>
        parts.Handles.TryGet(manifest.Partition, out var handle) && handle.IsOwner && handle.Epoch == manifest.Epoch ? handle : null;
}
