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
/// Lets go of partitions by rules L1 to L5. Requests that name the same session share one release while it runs; one that comes again later, because its answer was
/// lost, gets the same answer as long as the manifest stands as it was. A release that was prepared finds its segments written, and its manifest read.
/// </summary>
public sealed class PartitionRelease(PartitionReleaseParts parts) : IPartitionReleases, IAsyncDisposable
{
    // Small enough to be sent as one request, and to be held in memory for each release that cuts.
    private const int MaxSegmentBytes = 8 * Limits.MiB;

    // What bounds that memory; of thousands that are released at once most have nothing to cut, or one small segment.
    private const int CutsAtOnce = 8;

    // Nobody serves what is released, and clients wait for it: of these cuts so many are never preparations.
    private const int CutsKeptForReleases = 2;

    // Of some thousand producers. What is larger the claimant reads.
    private const int MaxImageBytes = 256 * Limits.KiB;

    // What is cut for a claim that does not come is written for nothing, and claimants may ask on and on. Some more than a claim that is tried again takes.
    private const int MostCutsForNothing = 4;

    private readonly ConcurrentDictionary<(PartitionId Partition, SessionId Owner), Lazy<Task<ReleaseAnswer>>> _releasing = new();
    private readonly ConcurrentDictionary<(PartitionId Partition, SessionId Owner), Lazy<Task<ReleaseAnswer>>> _preparing = new();
    private readonly ReleaseAnswers _answers = new();

    // Each is used once. What is not used in the end is in no manifest, and the sweep's (rule D4).
    private readonly ReleaseAnswers _prepared = new();
    private readonly CutPermits _cuts = new(CutsAtOnce, CutsKeptForReleases);
    private readonly CancellationTokenSource _stopping = new();
    private long _bounded;

    /// <summary>Partitions that were made ready for claims that have not come yet.</summary>
    public int Prepared => _prepared.Count;

    /// <summary>Preparations that cut nothing, since the partition was cut several times for claims that did not come.</summary>
    public long BoundedPreparations => Volatile.Read(ref _bounded);

    /// <summary>Whether a release of the partition runs or is being prepared: nobody else is to change its manifest meanwhile.</summary>
    public bool IsReleasing(PartitionId partition) => Names(_releasing, partition) || Names(_preparing, partition);

    /// <inheritdoc/>
    public ValueTask<ReleaseAnswer> PrepareAsync(PartitionId partition, SessionId owner, CancellationToken cancellationToken) =>
        ShareAsync(_preparing, (partition, owner), PrepareAsync, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ReleaseAnswer> ReleaseAsync(PartitionId partition, SessionId owner, CancellationToken cancellationToken) =>
        ShareAsync(_releasing, (partition, owner), ReleaseAsync, cancellationToken);

    /// <summary>Ends what runs, whose claimants hear nothing: an object that was being written may come to stand, and is the sweep's (rule M4).</summary>
    public async ValueTask DisposeAsync()
    {
        _stopping.Cancel(); // Not CancelAsync, which would go on by way of the thread pool.
        foreach (var (_, running) in _preparing.Concat(_releasing)) await Task.WhenAny(running.Value);
        _stopping.Dispose();
    }

    // Few run at once, and of one partition more than one only while a session ends.
    private static bool Names(ConcurrentDictionary<(PartitionId Partition, SessionId Owner), Lazy<Task<ReleaseAnswer>>> running, PartitionId partition) =>
        running.Any(one => one.Key.Partition == partition);

    // Requests for one partition share what runs for it if they name the same session: that another one is not the owner says nothing of this one, which would be fenced.
    private ValueTask<ReleaseAnswer> ShareAsync(
        ConcurrentDictionary<(PartitionId Partition, SessionId Owner), Lazy<Task<ReleaseAnswer>>> running,
        (PartitionId Partition, SessionId Owner) asked,
        Func<PartitionId, SessionId, Task<ReleaseAnswer>> run,
        CancellationToken cancellationToken)
    {
        if (_stopping.IsCancellationRequested) return ValueTask.FromResult(new ReleaseAnswer(ReleaseVerdict.NoAnswer));

        var mine = new Lazy<Task<ReleaseAnswer>>(() => Task.Factory.StartNew(
            () => run(asked.Partition, asked.Owner), CancellationToken.None, TaskCreationOptions.DenyChildAttach, parts.Scheduler).Unwrap());
        var shared = running.GetOrAdd(asked, mine);
        if (shared == mine) _ = ForgetWhenDoneAsync(running, asked, mine);
        return new ValueTask<ReleaseAnswer>(shared.Value.WaitAsync(cancellationToken));
    }

    private static async Task ForgetWhenDoneAsync(ConcurrentDictionary<(PartitionId Partition, SessionId Owner), Lazy<Task<ReleaseAnswer>>> running, (PartitionId Partition, SessionId Owner) asked, Lazy<Task<ReleaseAnswer>> mine)
    {
        _ = (await Task.WhenAny(mine.Value)).Exception; // Told to those who wait, if anybody does.
        running.TryRemove(KeyValuePair.Create(asked, mine));
    }

    // The cut of L4 before the close of L2: published frames change no more, and what comes behind them is cut by the release.
    private async Task<ReleaseAnswer> PrepareAsync(PartitionId partition, SessionId owner)
    {
        if (LaneOf(owner) is not { } lane) return new ReleaseAnswer(ReleaseVerdict.NotOwner);
        if (ServedHere(partition) is not { } served) return new ReleaseAnswer(ReleaseVerdict.Unprepared);

        try
        {
            return await PreparedAsync(partition, lane, served);
        }
        catch (LogException)
        {
            // A split that ended meanwhile, or storage: the release finds out, and a claimant that heard nothing would not ask for it.
            return new ReleaseAnswer(ReleaseVerdict.Unprepared);
        }
    }

    private async Task<ReleaseAnswer> PreparedAsync(PartitionId partition, ILane lane, PartitionHandle served)
    {
        var owner = lane.Session;
        if (await ReadAsync(partition, owner) is not { } stored) return new ReleaseAnswer(ReleaseVerdict.NotOwner);
        var begins = (_prepared.Find(partition, owner) is { } known ? await OnTopAsync(known, stored) : null) ?? new ReleasedLog(stored, stored.Manifest.Extents);
        var cuts = _prepared.CutsOf(partition, owner);
        var extents = begins.Extents;
        if (cuts < MostCutsForNothing)
        {
            if (await CutAsync(begins, lane, served, isServed: true) is not { } cut) return new ReleaseAnswer(ReleaseVerdict.NotOwner);
            if (cut.Length > extents.Length) cuts++;
            extents = cut;
        }
        else
        {
            Interlocked.Increment(ref _bounded);
        }

        var log = new ReleasedLog(stored, extents);
        _prepared.Add(owner, log, cuts);
        return new ReleaseAnswer(ReleaseVerdict.Prepared, log, ProducersOf(served, log));
    }

    // Null for a journal, too: what it appends no producer has sent.
    private static ServedProducers? ProducersOf(PartitionHandle served, ReleasedLog log)
    {
        var image = served.Producers();
        return image.Encoded.Length <= MaxImageBytes && image.CoversTo >= (log.Stored.Manifest with { Extents = log.Extents }).ExtentsEnd
            ? new ServedProducers(image.Encoded, image.Bytes)
            : null;
    }

    private async Task<ReleaseAnswer> ReleaseAsync(PartitionId partition, SessionId owner)
    {
        var line = parts.Moved is null ? null : new MoveTimeline(partition, "let go", parts.Time);
        while (true)
        {
            if (LaneOf(owner) is not { } lane || await BeginningAsync(partition, lane) is not { } begins) return new ReleaseAnswer(ReleaseVerdict.NotOwner);
            line?.Mark("read");

            // L2: from here on the partition is served here only after a claim of this broker's own.
            var epoch = begins.Stored.Manifest.Epoch;
            lane.CloseEpoch(partition, epoch);
            var served = parts.Handles.TryGet(partition, out var handle) && handle.Epoch <= epoch ? handle : null;
            served?.CloseForRelease();
            line?.Mark("closed");
            try
            {
                var answer = await AnswerAsync(begins, (lane, served), line);
                if (line is not null && answer.Verdict == ReleaseVerdict.Released) parts.Moved?.Invoke(line);
                return answer;
            }
            catch (LogException)
            {
                // A split that ended meanwhile took frames out of the index, into a manifest that is newer than the one at hand.
                if ((await parts.Manifests.GetAsync(partition, _stopping.Token))?.ETag == begins.Stored.ETag) throw;
            }
            finally
            {
                served?.Published.DropTail();
            }
        }
    }

    // L1, for a preparation and for a release. A session that is not the current one is a dead one, whatever its manifests say.
    private ILane? LaneOf(SessionId owner) => parts.CurrentLane() is { End: null } lane && lane.Session == owner ? lane : null;

    // L1. Null: another session owns the partition, or it is deleted.
    private async Task<StoredManifest?> ReadAsync(PartitionId partition, SessionId owner) =>
        await parts.Manifests.GetAsync(partition, _stopping.Token) is { Manifest.Deleted: false } stored && stored.Manifest.Owner == owner ? stored : null;

    private PartitionHandle? ServedHere(PartitionId partition) => parts.Handles.TryGet(partition, out var served) && served.IsOwner ? served : null;

    // The manifest that the claim replaces, and the extents that stand for it already. What was prepared on the manifest that the handle knows needs no look at storage: if there is a newer
    // one all the same, the claim meets it (rule M3). Null: not the owner.
    private async Task<ReleasedLog?> BeginningAsync(PartitionId partition, ILane lane)
    {
        var prepared = _prepared.Take(partition, lane.Session);
        var served = ServedHere(partition);
        if (prepared is not null && served?.Manifest.Nonce == prepared.Stored.Manifest.Nonce) return prepared;

        if (await ReadAsync(partition, lane.Session) is not { } stored) return null;
        var begins = new ReleasedLog(stored, stored.Manifest.Extents);
        if ((prepared ?? _answers.Find(partition, lane.Session)) is { } earlier && await OnTopAsync(earlier, stored) is { } standing) return standing;
        if (prepared is null || served is null) return begins;

        try
        {
            // Once more while it is served: a claimant that asked for a preparation has not waited for nothing.
            return await CutAsync(begins, lane, served, isServed: true) is { } extents ? begins with { Extents = extents } : null;
        }
        catch (LogException)
        {
            return begins; // As for a preparation.
        }
    }

    // What was cut for an older manifest goes on top of this one if nothing changed that bears on it: extents and log start are the same, in the same epoch, and the sweep has not come for a
    // segment; that is looked for after the manifest was read (rule D4). Null: it is to be cut anew.
    private async Task<ReleasedLog?> OnTopAsync(ReleasedLog cut, StoredManifest stored)
    {
        if (cut.Stored.ETag == stored.ETag) return cut;
        var (old, stands) = (cut.Stored.Manifest, stored.Manifest);
        if (stands.Epoch != old.Epoch || stands.LogStart != old.LogStart || !stands.Extents.SequenceEqual(old.Extents)) return null;
        foreach (var segment in cut.Extents.Skip(stands.Extents.Length).OfType<SegmentExtent>())
        {
            if (stands.PendingDelete.Contains(segment.Name) || await parts.Objects.LengthAsync(segment.Name, _stopping.Token) < 0) return null;
        }

        return new ReleasedLog(stored, cut.Extents);
    }

    private async Task<ReleaseAnswer> AnswerAsync(ReleasedLog begins, (ILane Lane, PartitionHandle? Served) by, MoveTimeline? line)
    {
        // L3: only then the lane index has everything that was or may yet be acknowledged.
        var (lane, served) = by;
        await lane.DrainAsync(begins.Stored.Manifest.Partition, _stopping.Token);
        line?.Mark("drained");
        if (HasEnded(lane)) return new ReleaseAnswer(ReleaseVerdict.NotOwner);
        if (_answers.Find(begins.Stored, lane.Session) is { } known) return known;

        // L4. L5: the claimant's write does the rest, and no other.
        var cut = await CutAsync(begins, lane, served, isServed: false);
        line?.Mark("cut");
        return cut is { } extents ? _answers.Add(lane.Session, begins with { Extents = extents }) : new ReleaseAnswer(ReleaseVerdict.NotOwner);
    }

    // The frames that neither an extent nor log start covers, as segments behind those extents. Extents of earlier sessions stay as they are. Null: the session has ended.
    private async Task<ImmutableArray<Extent>?> CutAsync(ReleasedLog begins, ILane lane, PartitionHandle? served, bool isServed)
    {
        var manifest = begins.Stored.Manifest;
        var from = (manifest with { Extents = begins.Extents }).ExtentsEnd;
        var sources = new List<WalExtent>();
        lane.Index.CopyTo(manifest.Partition, from, sources);
        if (sources.Count == 0) return begins.Extents;

        var extents = served is null ? parts.Extents : new KeptTailReader(served.Published, parts.Extents);
        await _cuts.TakeAsync(isServed, _stopping.Token);
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
                From = from,
                LogStart = manifest.LogStart,
            });
            foreach (var source in sources) await cut.AddAllAsync(extents, source, _stopping.Token);
            var segments = await cut.FinishAsync(_stopping.Token);
            if (HasEnded(lane)) return null;

            // From here on a claim may name them (rule M4).
            cut.HandOver();
            return begins.Extents.AddRange(segments);
        }
        finally
        {
            _cuts.Return(isServed);
        }
    }

    private bool HasEnded(ILane lane) => lane.End is not null || parts.CurrentLane() != lane;
}
