using System.Collections.Concurrent;
using System.Collections.Immutable;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
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

    private readonly ProducerReplay _producers = new(parts);
    private readonly ConcurrentDictionary<PartitionId, TaskCompletionSource<OpenOutcome>> _open = new();

    /// <summary>Claims the partition and publishes its handle.</summary>
    /// <param name="partition">Which.</param>
    /// <param name="settings">Its topic's configs. Whoever joins an open that is under way gets a handle with the settings of the one who began it.</param>
    /// <param name="cancellationToken">Ends the caller's wait, never the claim, which others may wait for: the next open finds it.</param>
    /// <exception cref="CorruptBlockException">Acknowledged data of the partition is damaged: it stays closed until that is repaired.</exception>
    /// <exception cref="DiskFullException">There is no space for the manifest; nothing was claimed. Open again when space returns.</exception>
    /// <exception cref="LogException">Storage failed; open again later.</exception>
    public ValueTask<OpenOutcome> OpenAsync(PartitionId partition, PartitionSettings settings, CancellationToken cancellationToken)
    {
        var mine = new TaskCompletionSource<OpenOutcome>(TaskCreationOptions.RunContinuationsAsynchronously);
        var open = _open.GetOrAdd(partition, mine);
        if (open == mine) _ = OpenForAllAsync(partition, settings, mine);
        return new ValueTask<OpenOutcome>(open.Task.WaitAsync(cancellationToken));
    }

    // Off the table before anybody is answered: who asks after that claims anew.
    private async Task OpenForAllAsync(PartitionId partition, PartitionSettings settings, TaskCompletionSource<OpenOutcome> all)
    {
        try
        {
            var outcome = await ClaimAsync(partition, settings, CancellationToken.None);
            _open.TryRemove(partition, out _);
            all.SetResult(outcome);
        }
        catch (Exception error)
        {
            _open.TryRemove(partition, out _);
            all.SetException(error);
        }
    }

    private async ValueTask<OpenOutcome> ClaimAsync(PartitionId partition, PartitionSettings settings, CancellationToken cancellationToken)
    {
        while (true)
        {
            var lane = parts.CurrentLane();
            if (lane.End is not null) return new OpenOutcome(OpenStatus.LaneEnded);

            var stored = await parts.Manifests.GetAsync(partition, cancellationToken);
            if (stored is { Manifest.Deleted: true }) return new OpenOutcome(OpenStatus.Deleted);
            if (stored is null && !await parts.ConfirmTopic(partition, cancellationToken)) return new OpenOutcome(OpenStatus.UnknownTopic);

            var next = stored is null ? First(partition, lane.Session) : await ClaimOf(stored.Manifest, lane, cancellationToken);
            if (next is null) continue;

            // Rule O5 and M3: a conflict forgets everything, and begins anew.
            if (await WriteAsync(next, stored?.ETag, cancellationToken) is not { } claimed) continue;
            if (await ServeAsync(claimed, lane, settings, cancellationToken) is { } handle) return new OpenOutcome(OpenStatus.Opened, handle);
        }
    }

    /// <summary>The next offset of a log whose manifest is as given: consumers have seen that far (rule O6). Overridden only by simulations that prove each part of it necessary.</summary>
    protected virtual Offset LogEnd(Manifest manifest, ILane lane) =>
        Offset.Max(manifest.ExtentsEnd, lane.Index.PublishedEnd(manifest.Partition) ?? Offset.Zero);

    // Creating the manifest is the claim: nobody else can have written there.
    private Manifest First(PartitionId partition, SessionId session) => new()
    {
        Partition = partition,
        Epoch = default,
        Owner = session,
        Epochs = [new EpochStart(default, Offset.Zero)],
        Nonce = NewNonce(),
    };

    // Rules O2 to O4. Null: the lane ended meanwhile.
    private async ValueTask<Manifest?> ClaimOf(Manifest manifest, ILane lane, CancellationToken cancellationToken)
    {
        ImmutableArray<Extent> extents;
        if (manifest.Owner == lane.Session)
        {
            // O2: our own frames are in the lane index; but only when no more of them can come is the log's end known.
            lane.CloseEpoch(manifest.Partition, manifest.Epoch);
            parts.Handles.Withdraw(manifest.Partition, manifest.Epoch, ErrorCode.NotLeaderOrFollower);
            await lane.DrainAsync(manifest.Partition, cancellationToken);
            if (lane.End is not null) return null;
            extents = manifest.Extents;
        }
        else
        {
            // O3 asks a live broker for release; with one process under the directory's lock every other session is a dead one, so this is O4.
            var frames = await parts.Recovered.FramesOfAsync(manifest.Owner, manifest.Partition, cancellationToken);
            extents = WithFrames(manifest, frames);
        }

        var inherited = manifest with { Extents = extents };
        inherited = InheritedSnapshot.Checked(inherited, LogEnd(inherited, lane));
        var epoch = manifest.Epoch.Next;
        return inherited with { Epoch = epoch, Owner = lane.Session, Epochs = WithEpoch(inherited, epoch, LogEnd(inherited, lane)), Nonce = NewNonce() };
    }

    /// <summary>Adds what neither an extent of this very manifest covers nor log start has passed; by offset ranges, since runs may overlap either.</summary>
    internal static ImmutableArray<Extent> WithFrames(Manifest manifest, IReadOnlyList<WalExtent> frames)
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
    private async ValueTask<PartitionHandle?> ServeAsync(Manifest claimed, ILane lane, PartitionSettings settings, CancellationToken cancellationToken)
    {
        var logEnd = LogEnd(claimed, lane);
        var producers = await _producers.LoadAsync(claimed, lane, logEnd, cancellationToken);
        var start = new PartitionStart
        {
            Manifest = claimed,
            LogEnd = logEnd,
            Producers = producers?.States ?? new ProducerStates(parts.Producers), // A log without a record has none yet, and the same bounds.
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
