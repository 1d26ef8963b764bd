using System.Collections.Concurrent;
using System.Collections.Immutable;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Ownership;
using OrleansStream.Log.Producers;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Serving;

/// <summary>
/// Opens partitions by rules O1 to O6: every open is a claim, and nobody serves without a manifest write of its own. Safe for any number of callers; those
/// who ask for one partition at once share one claim, since two that run beside each other may take it from each other again and again.
/// </summary>
public class PartitionOpener(PartitionOpenerParts parts)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    // An owner that does not answer is asked a few times in the seconds that it may take until it is declared dead.
    private static readonly TimeSpan FirstSilence = TimeSpan.FromMilliseconds(200);

    private readonly ProducerReplay _producers = new(parts);
    private readonly PartitionInheritance _inheritance = new(parts, new ProducerReplay(parts));
    private readonly ConcurrentDictionary<PartitionId, TaskCompletionSource<OpenOutcome>> _open = new();

    /// <summary>Whether an open of the partition is under way: until its handle is published, or it failed.</summary>
    public bool IsOpening(PartitionId partition) => _open.ContainsKey(partition);

    /// <summary>Claims the partition, from its owner if it has one, and publishes its handle.</summary>
    public ValueTask<OpenOutcome> OpenAsync(PartitionId partition, PartitionSettings settings, CancellationToken cancellationToken) =>
        OpenAsync(partition, settings, OpenApproach.AsksOwner, cancellationToken);

    /// <summary>Claims the partition and publishes its handle.</summary>
    /// <param name="partition">Which.</param>
    /// <param name="settings">Its topic's configs. Whoever joins an open that is under way gets a handle with the settings of the one who began it.</param>
    /// <param name="approach">What to do where another broker owns it; joined like the settings.</param>
    /// <param name="cancellationToken">Ends the caller's wait, never the claim, which others may wait for: the next open finds it.</param>
    /// <exception cref="CorruptBlockException">Acknowledged data of the partition is damaged: it stays closed until that is repaired.</exception>
    /// <exception cref="DiskFullException">There is no space for the manifest; nothing was claimed. Open again when space returns.</exception>
    /// <exception cref="LogException">Storage failed; open again later.</exception>
    public ValueTask<OpenOutcome> OpenAsync(PartitionId partition, PartitionSettings settings, OpenApproach approach, CancellationToken cancellationToken)
    {
        var mine = new TaskCompletionSource<OpenOutcome>(TaskCreationOptions.RunContinuationsAsynchronously);
        var open = _open.GetOrAdd(partition, mine);
        if (open == mine) _ = OpenForAllAsync(partition, (settings, approach), mine);
        return new ValueTask<OpenOutcome>(open.Task.WaitAsync(cancellationToken));
    }

    // Off the table before anybody is answered: who asks after that claims anew.
    private async Task OpenForAllAsync(PartitionId partition, (PartitionSettings Settings, OpenApproach Approach) how, TaskCompletionSource<OpenOutcome> all)
    {
        try
        {
            var outcome = await ClaimAsync(partition, how.Settings, how.Approach, parts.Stopping);
            _open.TryRemove(partition, out _);
            all.SetResult(outcome);
        }
        catch (OperationCanceledException) when (parts.Stopping.IsCancellationRequested)
        {
            // A claim that is undecided may come to stand: nobody serves on it, and whoever opens the partition next recovers this session.
            _open.TryRemove(partition, out _);
            all.SetResult(new OpenOutcome(OpenStatus.Stopping));
        }
        catch (Exception error)
        {
            _open.TryRemove(partition, out _);
            all.SetException(error);
        }
    }

    private async ValueTask<OpenOutcome> ClaimAsync(PartitionId partition, PartitionSettings settings, OpenApproach approach, CancellationToken cancellationToken)
    {
        var line = parts.Moved is null ? null : new MoveTimeline(partition, "took", parts.Time);
        long? silentSince = null;
        var silence = FirstSilence;
        while (true)
        {
            var lane = parts.CurrentLane();
            if (lane.End is not null) return new OpenOutcome(OpenStatus.LaneEnded);

            var stored = await parts.Manifests.GetAsync(partition, cancellationToken);
            line?.Mark("read");
            if (stored is { Manifest.Deleted: true }) return new OpenOutcome(OpenStatus.Deleted);
            if (stored is null && !await parts.ConfirmTopic(partition, cancellationToken)) return new OpenOutcome(OpenStatus.UnknownTopic);

            var inheritance = stored is null ? default : await _inheritance.OfAsync(stored, lane, (approach, settings.IsJournal, line), cancellationToken);
            switch (inheritance.State)
            {
                case InheritanceState.Changed:
                    continue;
                case InheritanceState.OwnedElsewhere:
                    return new OpenOutcome(OpenStatus.OwnedElsewhere, Owner: stored!.Manifest.Owner.Broker);
                case InheritanceState.Silent:
                    silentSince ??= parts.Time.GetTimestamp();
                    if (parts.Time.GetElapsedTime(silentSince.Value) >= parts.OwnerPatience) goto case InheritanceState.OwnedElsewhere;
                    await Task.Delay(silence, parts.Time, cancellationToken);
                    silence = silence * 2 < LongestPause ? silence * 2 : LongestPause;
                    continue;
            }

            line?.Mark("released");

            // Rule O5 and M3: a conflict forgets everything, and begins anew.
            var (next, expected) = inheritance.Log is { } log ? (ClaimOf(log, lane), log.Stored.ETag) : (First(partition, lane.Session), (ETag?)null);
            if (await WriteAsync(next, expected, cancellationToken) is not { } claimed) continue;
            line?.Mark("claimed");
            if (await ServeAsync((claimed, inheritance.Warm), lane, settings, cancellationToken) is { } handle)
            {
                line?.Mark("served");
                if (line is not null && inheritance.IsMove) parts.Moved?.Invoke(line);
                return new OpenOutcome(OpenStatus.Opened, handle);
            }
        }
    }

    /// <summary>The next offset of a log whose manifest is as given: consumers have seen that far (rule O6). Overridden only by simulations that prove each part of it necessary.</summary>
    protected virtual Offset LogEnd(Manifest manifest, ILane lane) =>
        Offset.Max(manifest.ExtentsEnd, lane.Index.PublishedEnd(manifest.Partition) ?? Offset.Zero);

    // Creating the manifest is the claim: nobody else can have written there.
    private Manifest First(PartitionId partition, SessionId session) => new()
    {
        Partition = partition,
        ClusterGeneration = parts.Manifests.ClusterGeneration,
        Epoch = default,
        Owner = session,
        Epochs = [new EpochStart(default, Offset.Zero)],
        Nonce = NewNonce(),
    };

    // Rule O5, and M1: everything from the manifest whose version is replaced.
    private Manifest ClaimOf(ReleasedLog log, ILane lane)
    {
        var inherited = log.Stored.Manifest with { Extents = log.Extents };
        inherited = InheritedSnapshot.Checked(inherited, LogEnd(inherited, lane));
        var epoch = inherited.Epoch.Next;
        return inherited with { Epoch = epoch, Owner = lane.Session, Epochs = WithEpoch(inherited, epoch, LogEnd(inherited, lane)), Nonce = NewNonce() };
    }

    // An epoch without a record tells nobody anything, and of those before log start only the last one does: so the list is as short as the log has owners.
    private static ImmutableArray<EpochStart> WithEpoch(Manifest manifest, LeaderEpoch epoch, Offset logEnd)
    {
        var kept = manifest.Epochs.RemoveAll(entry => entry.StartOffset >= logEnd);
        var first = 0;
        while (first + 1 < kept.Length && kept[first + 1].StartOffset <= manifest.LogStart) first++;
        return kept.RemoveRange(0, first).Add(new EpochStart(epoch, logEnd));
    }

    // Rule M2: an unknown outcome is asked for again with the same bytes and version, and nobody serves before it is decided. Null: another write came first.
    private async ValueTask<Manifest?> WriteAsync(Manifest next, ETag? expected, CancellationToken cancellationToken)
    {
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            var write = await parts.Manifests.CompareAndSetAsync(next, expected, CancellationToken.None);
            if (write.Outcome == ManifestOutcome.Written) return next;
            if (write.Outcome == ManifestOutcome.Conflict)
            {
                var stands = await parts.Manifests.GetAsync(next.Partition, cancellationToken);
                return stands?.Manifest.Nonce == next.Nonce ? next : null;
            }

            await Task.Delay(pause, parts.Time, cancellationToken);
        }
    }

    // Rule O6. Null: the epoch was closed or the lane ended meanwhile, and the claim is made anew.
    private async ValueTask<PartitionHandle?> ServeAsync((Manifest Manifest, WarmProducers? Warm) of, ILane lane, PartitionSettings settings, CancellationToken cancellationToken)
    {
        var claimed = of.Manifest;
        var logEnd = LogEnd(claimed, lane);
        var producers = settings.IsJournal ? null : await _producers.LoadAsync((claimed, logEnd), lane, of.Warm, cancellationToken);
        var start = new PartitionStart
        {
            Manifest = claimed,
            LogEnd = logEnd,
            Producers = producers?.States ?? new ProducerStates(parts.Producers), // A journal has none, nor has a log without a record, which has the same bounds.
            ReplayedBytes = producers?.Bytes ?? 0,
            Settings = settings,
        };
        var handle = new PartitionHandle(parts.Serving, lane, start);
        if (parts.Handles.TryPublish(handle))
        {
            if (lane.End is null) return handle;
            handle.Close(ErrorCode.KafkaStorageError);
            return null;
        }

        // Somebody else on this broker claimed after us: what serves is as good as ours.
        return parts.Handles.TryGet(claimed.Partition, out var newer) && newer is { IsOwner: true } && newer.Epoch > claimed.Epoch ? newer : null;
    }

    private Guid NewNonce()
    {
        Span<byte> bytes = stackalloc byte[16];
        lock (parts.Random) parts.Random.NextBytes(bytes);
        return new Guid(bytes);
    }
}
