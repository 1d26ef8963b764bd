using System.Collections.Concurrent;
using System.Collections.Immutable;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Segments;
using OrleansStream.Log.Serving;
using OrleansStream.Model;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Ownership;

/// <summary>
/// Lets go of partitions by rules L1 to L5. Requests for one partition share one release while it runs; one that comes again later, because its answer was
/// lost, gets the same answer as long as the manifest stands as it was.
/// </summary>
public sealed class PartitionRelease(PartitionReleaseParts parts) : IPartitionReleases, IAsyncDisposable
{
    // Small enough to be sent as one request, and to be held in memory for each release that cuts.
    private const int MaxSegmentBytes = 8 * Limits.MiB;

    // What bounds that memory; of thousands that are released at once most have nothing to cut, or one small segment.
    private const int CutsAtOnce = 8;

    private readonly ConcurrentDictionary<PartitionId, Lazy<Task<ReleaseAnswer>>> _running = new();
    private readonly ReleaseAnswers _answers = new();
    private readonly SemaphoreSlim _cuts = new(CutsAtOnce);
    private readonly CancellationTokenSource _stopping = new();

    /// <summary>Whether a release of the partition runs: nobody else is to change its manifest meanwhile.</summary>
    public bool IsReleasing(PartitionId partition) => _running.ContainsKey(partition);

    /// <inheritdoc/>
    public ValueTask<ReleaseAnswer> ReleaseAsync(PartitionId partition, SessionId owner, CancellationToken cancellationToken)
    {
        if (_stopping.IsCancellationRequested) return ValueTask.FromResult(new ReleaseAnswer(ReleaseVerdict.NoAnswer));

        var mine = new Lazy<Task<ReleaseAnswer>>(() => Task.Factory.StartNew(
            () => ReleaseAsync(partition, owner), CancellationToken.None, TaskCreationOptions.DenyChildAttach, parts.Scheduler).Unwrap());
        var release = _running.GetOrAdd(partition, mine);
        if (release == mine) _ = ForgetWhenDoneAsync(partition, mine);
        return new ValueTask<ReleaseAnswer>(release.Value.WaitAsync(cancellationToken));
    }

    /// <summary>Ends what runs, whose claimants hear nothing: an object that was being written may come to stand, and is the sweep's (rule M4).</summary>
    public async ValueTask DisposeAsync()
    {
        _stopping.Cancel(); // Not CancelAsync, which would go on by way of the thread pool.
        foreach (var (_, release) in _running) await Task.WhenAny(release.Value);
        _cuts.Dispose();
        _stopping.Dispose();
    }

    private async Task ForgetWhenDoneAsync(PartitionId partition, Lazy<Task<ReleaseAnswer>> release)
    {
        _ = (await Task.WhenAny(release.Value)).Exception; // Told to those who wait, if anybody does.
        _running.TryRemove(KeyValuePair.Create(partition, release));
    }

    private async Task<ReleaseAnswer> ReleaseAsync(PartitionId partition, SessionId owner)
    {
        while (true)
        {
            // L1. A session that is not the current one is a dead one, whatever its manifests say.
            var lane = parts.CurrentLane();
            if (lane.Session != owner || lane.End is not null) return new ReleaseAnswer(ReleaseVerdict.NotOwner);
            var stored = await parts.Manifests.GetAsync(partition, _stopping.Token);
            if (stored is not { Manifest.Deleted: false } || stored.Manifest.Owner != owner) return new ReleaseAnswer(ReleaseVerdict.NotOwner);

            // L2: from here on the partition is served here only after a claim of this broker's own.
            lane.CloseEpoch(partition, stored.Manifest.Epoch);
            var served = parts.Handles.TryGet(partition, out var handle) && handle.Epoch <= stored.Manifest.Epoch ? handle : null;
            served?.CloseForRelease();
            try
            {
                return await AnswerAsync(stored, lane, served);
            }
            catch (LogException)
            {
                // A split that ended meanwhile took frames out of the index, into a manifest that is newer than the one at hand.
                if ((await parts.Manifests.GetAsync(partition, _stopping.Token))?.ETag == stored.ETag) throw;
            }
            finally
            {
                served?.Published.DropTail();
            }
        }
    }

    private async Task<ReleaseAnswer> AnswerAsync(StoredManifest stored, ILane lane, PartitionHandle? served)
    {
        // L3: only then the lane index has everything that was or may yet be acknowledged.
        await lane.DrainAsync(stored.Manifest.Partition, _stopping.Token);
        if (HasEnded(lane)) return new ReleaseAnswer(ReleaseVerdict.NotOwner);
        if (_answers.Find(stored, lane.Session) is { } known) return known;

        // L4. L5: the claimant's write does the rest, and no other.
        return await CutAsync(stored.Manifest, lane, served) is { } extents
            ? _answers.Add(lane.Session, new ReleasedLog(stored, extents))
            : new ReleaseAnswer(ReleaseVerdict.NotOwner);
    }

    // The frames that neither an extent nor log start covers, as segments. Extents of earlier sessions stay as they are. Null: the session has ended.
    private async Task<ImmutableArray<Extent>?> CutAsync(Manifest manifest, ILane lane, PartitionHandle? served)
    {
        var sources = new List<WalExtent>();
        lane.Index.CopyTo(manifest.Partition, manifest.ExtentsEnd, sources);
        if (sources.Count == 0) return manifest.Extents;

        var extents = served is null ? parts.Extents : new KeptTailReader(served.Published, parts.Extents);
        await _cuts.WaitAsync(_stopping.Token);
        try
        {
            var cutting = new CutParts(parts.Objects, parts.Slabs, parts.Segments.IndexIntervalBytes, parts.NewUnique)
            {
                MaxBytes = Math.Min(MaxSegmentBytes, parts.Segments.MaxBytes),
                ClusterGeneration = parts.Manifests.ClusterGeneration,
            };
            await using var cut = new PartitionCut(cutting, new SplitPlan
            {
                Partition = manifest.Partition,
                Epoch = manifest.Epoch,
                Sources = [.. sources],
                From = manifest.ExtentsEnd,
                LogStart = manifest.LogStart,
            });
            foreach (var source in sources) await cut.AddAllAsync(extents, source, _stopping.Token);
            var segments = await cut.FinishAsync(_stopping.Token);
            if (HasEnded(lane)) return null;

            // From here on a claim may name them (rule M4).
            cut.HandOver();
            return manifest.Extents.AddRange(segments);
        }
        finally
        {
            _cuts.Release();
        }
    }

    private bool HasEnded(ILane lane) => lane.End is not null || parts.CurrentLane() != lane;
}
