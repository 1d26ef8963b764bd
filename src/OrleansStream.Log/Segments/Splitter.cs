using System.Collections.Immutable;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Model;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Segments;

/// <summary>
/// Empties the WAL: large partitions are cut into segments, small ones appended again (docs/storage-rules.md, S1 to S4). It streams, within a byte budget; what
/// it could not empty stays as it was, nothing of the attempt is left behind, and the partition has a pause. One call at a time.
/// </summary>
public sealed class Splitter(SplitterParts parts)
{
    private const int StepBytes = Limits.MiB;

    // While it may rest: steps of a millisecond or so, and as long a pause after each.
    private const int RestingStepBytes = 128 * Limits.KiB;
    private const int RestPerWork = 1;
    private static readonly TimeSpan LongestRest = TimeSpan.FromMilliseconds(100);

    private readonly SplitPlanner _planner = new(parts);
    private readonly SplitPauses _pauses = new(parts.Time);

    private readonly SegmentNaming _naming = parts.Naming;
    private long _segmentsWritten;
    private long _bytesCut;

    /// <summary>Segments written since the start.</summary>
    public long SegmentsWritten => Interlocked.Read(ref _segmentsWritten);

    /// <summary>Bytes of frames that were cut into segments since the start.</summary>
    public long BytesCut => Interlocked.Read(ref _bytesCut);

    /// <summary>Bytes of frames that were appended again since the start.</summary>
    public long BytesCarried { get; private set; }

    /// <summary>Moves everything that is still needed out of the part. The caller then trims, or closes the session.</summary>
    /// <returns>False if something had to stay; <see cref="SplitterParts.OnFailed"/> was told why, now or before the partition's pause.</returns>
    public async ValueTask<bool> SplitAsync(WalPart part, CancellationToken cancellationToken)
    {
        _pauses.ForgetOld();
        return await SplitAsync(await _planner.PlanAsync(part, cancellationToken), cancellationToken);
    }

    /// <summary>Whether the partition is left alone for now: it could not be split a short time ago, or there was nothing to do for this broker.</summary>
    internal bool IsPaused(PartitionId partition) => _pauses.IsPaused(partition) || _pauses.WasLookedAt(partition);

    /// <summary>Splits or carries partitions that are due by rule S1. The caller then trims.</summary>
    internal async ValueTask SplitAsync(IReadOnlyList<DuePartition> due, CancellationToken cancellationToken)
    {
        _pauses.ForgetOld();
        var lane = parts.CurrentLane();
        var plans = new List<SplitPlan>(due.Count);
        foreach (var one in due)
        {
            try
            {
                if (await _planner.PlanAsync(lane, one, cancellationToken) is { } plan) plans.Add(plan);
                else _pauses.OnNothingToDo(one.Partition);
            }
            catch (LogException error)
            {
                OnFailed(one.Partition, error);
            }
        }

        await SplitAsync(plans, cancellationToken);
    }

    private async ValueTask<bool> SplitAsync(List<SplitPlan> plans, CancellationToken cancellationToken)
    {
        var isEmptied = true;
        var group = new List<SplitPlan>();
        long bytes = 0;

        // In the order of the file, so that each group reads a part of it and not all.
        foreach (var plan in plans.OrderBy(static plan => plan.Sources[0].FirstSlot))
        {
            if (!MayBegin(plan))
            {
                isEmptied = false;
                continue;
            }

            if (plan.Bytes >= parts.Options.BudgetBytes)
            {
                // It is written a segment at a time, so its memory is bounded without a budget.
                isEmptied &= parts.Blocks is null ? await TryAsync(plan, () => CutAloneAsync(plan, cancellationToken)) : await SplitGroupAsync([plan], cancellationToken);
                continue;
            }

            // What is carried goes from block to block, and waits nowhere.
            var held = plan.Carries ? 0 : plan.Bytes;
            if (bytes + held > parts.Options.BudgetBytes)
            {
                isEmptied &= await SplitGroupAsync(group, cancellationToken);
                group.Clear();
                bytes = 0;
            }

            group.Add(plan);
            bytes += held;
        }

        return await SplitGroupAsync(group, cancellationToken) && isEmptied;
    }

    /// <summary>The manifest with the segments in the place of the WAL extents that they cover, and of no others (rule S2). Null if it no longer fits: an input is gone.</summary>
    internal static Manifest? WithSegments(Manifest manifest, ImmutableArray<SegmentExtent> segments)
    {
        // What has expired meanwhile is named by nobody, and left to the sweep.
        var live = segments.RemoveAll(segment => segment.LastOffset < manifest.LogStart);
        if (live.IsEmpty || live.Any(segment => manifest.PendingDelete.Contains(segment.Name))) return null;

        var (first, last) = (live[0].BaseOffset, live[^1].LastOffset);
        var before = manifest.Extents.RemoveAll(extent => extent.LastOffset >= first);
        var after = manifest.Extents.RemoveAll(extent => extent.BaseOffset <= last);
        var covered = manifest.Extents.RemoveAll(extent => extent is SegmentExtent || Offset.Max(extent.BaseOffset, manifest.LogStart) < first || extent.LastOffset > last);
        var start = before.IsEmpty ? Offset.Min(first, manifest.LogStart) : before[^1].LastOffset + 1;
        var isWhole = before.Length + covered.Length + after.Length == manifest.Extents.Length && start == first && (after.IsEmpty || after[0].BaseOffset == last + 1);
        return isWhole ? manifest with { Extents = [.. before, .. live, .. after] } : null;
    }

    // One pass in the order of slots for all of them: what stands in one block is read with one read.
    private async ValueTask<bool> SplitGroupAsync(List<SplitPlan> group, CancellationToken cancellationToken)
    {
        if (group.Count == 0) return true;
        var work = new SplitWork(
            group, new CarryForward(parts.CurrentLane(), parts.Time, parts.Options.CarryAtOnceBytes), group.Where(static plan => !plan.Carries).ToDictionary(static plan => plan, plan => new PartitionCut(parts.Cut, plan)));
        try
        {
            if (parts.Blocks is { } blocks) await ReadBlocksAsync(blocks, work, cancellationToken);
            else await ReadExtentsAsync(work, cancellationToken);

            await work.Carrier.SettledAsync(cancellationToken);
            work.Failed.UnionWith(await FinishAsync([.. group.Where(work.IsWhole)], work.Cuts, cancellationToken));
        }
        finally
        {
            foreach (var cut in work.Cuts.Values) await cut.DisposeAsync();
        }

        foreach (var plan in work.Apart)
        {
            if (!await TryAsync(plan, () => CutAnewAsync(plan, cancellationToken))) work.Failed.Add(plan);
        }

        foreach (var plan in group.Where(plan => !work.Failed.Contains(plan))) _pauses.OnSplit(plan.Partition);
        return work.Failed.Count == 0;
    }

    private async ValueTask ReadExtentsAsync(SplitWork work, CancellationToken cancellationToken)
    {
        foreach (var (plan, source) in InSlotOrder(work.Plans))
        {
            if (!work.IsWhole(plan) || IsOver(plan)) continue;
            var isDone = await TryAsync(plan, async () =>
            {
                var isTaken = plan.Carries ? await CarryAsync(work.Carrier, plan, source, cancellationToken) : await CutAsync(work.Cuts[plan], plan, source, cancellationToken);
                if (!isTaken) work.Apart.Add(plan);
            });
            if (!isDone) work.Failed.Add(plan);
        }
    }

    private async ValueTask ReadBlocksAsync(IBlockFrames blocks, SplitWork work, CancellationToken cancellationToken)
    {
        var pass = new BlockPass(work.Plans.Select(plan => (plan, plan.Sources.RemoveAll(source => IsCarried(plan, source)))), parts.CurrentLane().Session);
        await pass.RunAsync(blocks, (plan, frame) => TakeAsync(work, plan, frame, cancellationToken), cancellationToken);
        work.Apart.UnionWith(pass.Irregular);
    }

    // False if the plan is over, and the work says how.
    private async ValueTask<bool> TakeAsync(SplitWork work, SplitPlan plan, LeasedFrame frame, CancellationToken cancellationToken)
    {
        if (IsOver(plan)) return false;
        try
        {
            if (plan.Carries ? await CarryAsync(work.Carrier, plan, frame, cancellationToken) : await CutAsync(work.Cuts[plan], frame, cancellationToken)) return true;
            work.Apart.Add(plan);
        }
        catch (LogException error)
        {
            OnFailed(plan.Partition, error);
            work.Failed.Add(plan);
        }

        return false;
    }

    // What was read is written and named, several partitions at once where each write takes long; and what was carried for dead sessions is dropped there.
    // Those that failed are returned.
    private async ValueTask<List<SplitPlan>> FinishAsync(List<SplitPlan> whole, Dictionary<SplitPlan, PartitionCut> cuts, CancellationToken cancellationToken)
    {
        var failed = new List<SplitPlan>();
        foreach (var some in whole.Where(plan => plan.CarriesInherited || !plan.Carries).Chunk(parts.WritesAtOnce))
        {
            var writes = some.Select(plan => TryAsync(plan, () => plan.Carries
                ? InheritedCarry.DropAsync(parts.CurrentLane(), plan, parts.Manifests, cancellationToken)
                : NameAsync(plan, cuts[plan], cancellationToken)).AsTask());
            var done = await Task.WhenAll(writes);
            failed.AddRange(some.Where((_, index) => !done[index]));
        }

        return failed;
    }

    private bool MayBegin(SplitPlan plan)
    {
        if (_pauses.IsPaused(plan.Partition)) return false;
        if (plan.Carries || parts.Space() >= plan.Bytes) return true;
        parts.OnFailed?.Invoke(plan.Partition, new LogException($"Partition {plan.Partition}: segments of {plan.Bytes} bytes would take from the reserve of the disk."));
        return false;
    }

    // Rule L2: the partition was given up meanwhile, and what is cut here would change the manifest under whoever takes it.
    private static bool IsOver(SplitPlan plan) => plan.Handle is { IsOwner: false };

    private IEnumerable<(SplitPlan Plan, WalExtent Source)> InSlotOrder(List<SplitPlan> group)
    {
        var current = parts.CurrentLane().Session;
        return group.SelectMany(static plan => plan.Sources.Select(source => (plan, source)))
            .OrderBy(one => one.source.Session == current)
            .ThenBy(static one => one.source.Session.Unique)
            .ThenBy(static one => one.source.FirstSlot);
    }

    // False if the source is not the next one: its frames were carried, or sessions do not stand in their order.
    private async ValueTask<bool> CutAsync(PartitionCut cut, SplitPlan plan, WalExtent source, CancellationToken cancellationToken)
    {
        if (source.BaseOffset > cut.Next) return false;
        return await ReadAsync(plan, source, async frame =>
        {
            await cut.AddAsync(frame, cancellationToken);
            return true;
        }, cancellationToken);
    }

    private static async ValueTask<bool> CutAsync(PartitionCut cut, LeasedFrame frame, CancellationToken cancellationToken)
    {
        if (frame.Entry.BaseOffset > cut.Next) return false;
        await cut.AddAsync(frame, cancellationToken);
        return true;
    }

    private async ValueTask<bool> CarryAsync(CarryForward carrier, SplitPlan plan, WalExtent source, CancellationToken cancellationToken) =>
        IsCarried(plan, source) || await ReadAsync(plan, source, frame => CarryAsync(carrier, plan, frame, cancellationToken), cancellationToken);

    private async ValueTask<bool> CarryAsync(CarryForward carrier, SplitPlan plan, LeasedFrame frame, CancellationToken cancellationToken)
    {
        // What has expired goes with the extents that it stands in.
        if (plan.CarriesInherited && frame.Entry.LastOffset < plan.LogStart) return true;
        if (!await carrier.TryAddAsync(plan, frame, cancellationToken)) return false;
        BytesCarried += frame.Entry.Length;
        return true;
    }

    // Carried before, and the manifest could not be written then.
    private bool IsCarried(SplitPlan plan, WalExtent source)
    {
        if (!plan.CarriesInherited) return false;
        var first = Offset.Max(source.BaseOffset, plan.LogStart);
        return first > source.LastOffset || parts.CurrentLane().Index.Holds(plan.Partition, first, source.LastOffset);
    }

    private async ValueTask<bool> ReadAsync(SplitPlan plan, WalExtent source, Func<LeasedFrame, ValueTask<bool>> take, CancellationToken cancellationToken)
    {
        using var frames = new FrameList();
        for (var at = source.BaseOffset; at <= source.LastOffset;)
        {
            frames.Dispose();
            var started = parts.Time.GetTimestamp();
            var mayRest = parts.MayRest();
            await parts.Extents.ReadAsync(plan.Partition, source, at, mayRest ? RestingStepBytes : StepBytes, frames, cancellationToken);
            if (frames.Count == 0) throw new LogException($"Partition {plan.Partition}: nothing was found at offset {at}, which stands in session {source.Session}, slots {source.FirstSlot} to {source.LastSlot}.");
            for (var i = 0; i < frames.Count; i++)
            {
                if (!await take(frames[i])) return false;
            }

            at = frames[frames.Count - 1].Entry.LastOffset + 1;
            if (mayRest) await RestAsync(parts.Time.GetElapsedTime(started), cancellationToken);
        }

        return true;
    }

    private Task RestAsync(TimeSpan worked, CancellationToken cancellationToken)
    {
        var rest = worked * RestPerWork;
        return rest <= TimeSpan.Zero ? Task.CompletedTask : Task.Delay(rest < LongestRest ? rest : LongestRest, parts.Time, cancellationToken);
    }

    // What was to be carried and was not, or did not come in order: read by itself, from the manifest and index as they are now.
    private async ValueTask CutAnewAsync(SplitPlan plan, CancellationToken cancellationToken)
    {
        if (await _planner.PlanAsync(parts.CurrentLane(), plan.Partition, plan.Sources[^1].LastOffset, cancellationToken) is { } anew) await CutAloneAsync(anew, cancellationToken);
    }

    private async ValueTask CutAloneAsync(SplitPlan plan, CancellationToken cancellationToken)
    {
        await using var cut = new PartitionCut(parts.Cut, plan);
        foreach (var source in plan.Sources) await CutAsync(cut, plan, source, cancellationToken);
        await NameAsync(plan, cut, cancellationToken);
        _pauses.OnSplit(plan.Partition);
    }

    // One manifest write for all segments of the partition; only then the lane index forgets (rule S3).
    private async ValueTask NameAsync(SplitPlan plan, PartitionCut cut, CancellationToken cancellationToken)
    {
        var lane = parts.CurrentLane();
        var segments = await cut.FinishAsync(cancellationToken);
        if (segments.IsEmpty || IsOver(plan)) return;

        var by = new NamingOwner(plan.Partition, lane.Session, plan.Epoch, plan.Handle);
        var edit = await _naming.EditAsync(by, cut, segments, manifest => WithSegments(manifest, segments), cancellationToken);
        if (edit.Outcome == ManifestEditOutcome.NotOwner) return; // What stands has a higher epoch, by which the sweep knows them (rule M4).

        // Decided, so what is not named there never will be: it expired meanwhile, or does not fit any more.
        var stands = edit.Manifest!;
        cut.TakeBack(stands);
        var last = segments[^1].LastOffset;
        if (last < stands.LogStart) return;
        if (!stands.Extents.Contains(segments[^1]))
            throw new LogException($"Partition {plan.Partition}: the manifest no longer has what the segments of offsets {segments[0].BaseOffset} to {last} were cut from.");

        lane.Index.ForgetBelow(plan.Partition, last + 1);
        Interlocked.Add(ref _segmentsWritten, segments.Length);
        Interlocked.Add(ref _bytesCut, segments.Sum(static segment => segment.Bytes));
    }

    // A partition that cannot be read must not keep the others in the file.
    private async ValueTask<bool> TryAsync(SplitPlan plan, Func<ValueTask> work)
    {
        try
        {
            await work();
            return true;
        }
        catch (LogException error)
        {
            OnFailed(plan.Partition, error);
            return false;
        }
    }

    private void OnFailed(PartitionId partition, LogException error)
    {
        _pauses.OnFailed(partition);
        parts.OnFailed?.Invoke(partition, error);
    }
}
