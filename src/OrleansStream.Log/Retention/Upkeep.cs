using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Retention;

/// <summary>
/// The one scheduler of a broker's log: lets expired records go, empties the WAL, closes idle partitions, deletes and sweeps objects. Nothing of it is kept per
/// partition: it walks those that are open, in small steps.
/// </summary>
public sealed class Upkeep(UpkeepParts parts)
{
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(1);

    // Partitions looked at before others that wait for the same threads have their turn.
    private const int PartitionsAtOnce = 64;

    private long _lastRetention = parts.Time.GetTimestamp();
    private long _lastClosed = parts.Time.GetTimestamp();
    private long _lastSweep = parts.Time.GetTimestamp();
    private bool _hasWatchedAll;

    // What was published when the producers of every partition were last found saved.
    private (SessionId Session, long Blocks)? _producersSaved;

    /// <summary>Runs until it is cancelled, on the task scheduler that it is started on.</summary>
    public Task RunAsync(CancellationToken cancellationToken) =>
        // Apart from each other: a long sweep must not keep producers waiting for a WAL file.
        Task.WhenAll(
            RepeatAsync("Looking after the WAL", TendWalAsync, parts.Wal.Interval, cancellationToken),
            RepeatAsync("Looking after partitions", TendPartitionsAsync, parts.Options.RetentionInterval < Step ? parts.Options.RetentionInterval : Step, cancellationToken));

    /// <summary>Moves out of the WAL what is due. One call at a time.</summary>
    /// <exception cref="LogException">Storage failed; the next call goes on.</exception>
    public ValueTask TendWalAsync(CancellationToken cancellationToken) => parts.Wal.TendAsync(cancellationToken);

    /// <summary>Does what is due for partitions and objects. One call at a time.</summary>
    /// <exception cref="LogException">Storage failed; the next call goes on.</exception>
    public async ValueTask TendPartitionsAsync(CancellationToken cancellationToken)
    {
        if (!_hasWatchedAll)
        {
            if (parts.IsAlone) await parts.Pending.WatchAllAsync(cancellationToken);
            _hasWatchedAll = true;
        }

        if (IsDue(ref _lastRetention, parts.Options.RetentionInterval))
        {
            await WalkOpenAsync(cancellationToken);
            if (IsDue(ref _lastClosed, parts.ClosedInterval)) await WalkClosedAsync(cancellationToken);
            await parts.CloseSessions(cancellationToken);
        }

        await SaveProducersAsync(cancellationToken);

        // Deleted topics and moved log starts free slots at any time.
        await parts.CurrentLane().TrimAsync(cancellationToken);
        var deleted = await parts.Pending.DeleteDueAsync(cancellationToken); // To ask first whether there is anything would lock the whole list.
        if (deleted > 0) parts.Metrics?.OnDeleted(deleted);

        if (parts.Sweep is { } sweep && IsDue(ref _lastSweep, parts.Options.SweepInterval))
        {
            await SweepAsync(sweep, cancellationToken);
        }
    }

    private async ValueTask SweepAsync(ObjectSweep sweep, CancellationToken cancellationToken)
    {
        if (parts.Options.SweepOnlyReports)
        {
            await sweep.TellAsync(parts.Note, cancellationToken);
            return;
        }

        var swept = await sweep.RunAsync(cancellationToken);
        parts.Metrics?.OnSwept(swept);
    }

    private async Task RepeatAsync(string what, Func<CancellationToken, ValueTask> step, TimeSpan pause, CancellationToken cancellationToken)
    {
        for (var wait = TimeSpan.Zero; ;)
        {
            try
            {
                await Task.Delay(wait, parts.Time, cancellationToken);
                wait = Step;
                await step(cancellationToken);
                wait = pause;
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error) // Whatever it was: a broker that no longer lets anything go fills its disk.
            {
                parts.OnFailed?.Invoke($"{what} failed; it is tried again.", error);
            }
        }
    }

    // Where nothing was published, nothing became due: ten thousand idle partitions must not cost a walk each second.
    private async ValueTask SaveProducersAsync(CancellationToken cancellationToken)
    {
        var lane = parts.CurrentLane();
        var published = (lane.Session, lane.Index.BlocksAdded);
        if (_producersSaved == published) return;

        var isDue = false;
        foreach (var handle in parts.Handles.All)
        {
            try
            {
                await parts.Producers.TendAsync(handle, cancellationToken);
            }
            catch (LogException error)
            {
                parts.OnFailed?.Invoke($"The producers of partition {handle.Id} could not be saved; it is tried again.", error);
            }

            isDue |= parts.Producers.IsDue(handle);
        }

        if (!isDue) _producersSaved = published;
    }

    private async ValueTask WalkOpenAsync(CancellationToken cancellationToken)
    {
        var looked = 0;
        foreach (var handle in parts.Handles.All)
        {
            if (++looked % PartitionsAtOnce == 0) await Task.Yield();
            await ExpireAsync(handle, cancellationToken);
            if (handle.IdleFor >= parts.Options.IdleClose && parts.ClosesWhenIdle(handle.Id)) Close(handle);
        }
    }

    // A partition whose manifest cannot be written must not keep the others from expiring.
    private async ValueTask ExpireAsync(PartitionHandle handle, CancellationToken cancellationToken)
    {
        try
        {
            if (await parts.Retention.RunAsync(handle, cancellationToken)) parts.Metrics?.OnExpired();
        }
        catch (LogException error)
        {
            parts.OnFailed?.Invoke($"Retention of partition {handle.Id} failed; it is tried again.", error);
        }
    }

    // Frames that have their place are published all the same, and their producers answered: the lane holds on to what it needs for that.
    private void Close(PartitionHandle handle)
    {
        parts.CurrentLane().CloseEpoch(handle.Id, handle.Epoch);
        parts.Handles.Withdraw(handle.Id, handle.Epoch, ErrorCode.NotLeaderOrFollower);
        parts.Metrics?.OnIdleClosed();
    }

    // A partition that is closed expires as any other: it is opened only if something has to go.
    private async ValueTask WalkClosedAsync(CancellationToken cancellationToken)
    {
        var nowMs = parts.Time.GetUtcNow().ToUnixTimeMilliseconds();
        var looked = 0;
        await foreach (var stored in parts.Store.ListAsync(partition => parts.MayOpen(partition) && !parts.Handles.TryGet(partition, out _), cancellationToken))
        {
            if (++looked % PartitionsAtOnce == 0) await Task.Yield();
            var manifest = stored.Manifest;
            if (manifest.Deleted || parts.Handles.TryGet(manifest.Partition, out _) || parts.SettingsOf(manifest.Partition) is not { } settings) continue;

            var extents = ExtentsOf(manifest);
            var end = extents.Count > 0 ? extents[^1].LastOffset + 1 : manifest.LogStart;
            if (RetentionRule.NewLogStart(extents, manifest.LogStart, end, settings, nowMs) <= manifest.LogStart) continue;
            if (await parts.Open(manifest.Partition, cancellationToken) is { } handle) await ExpireAsync(handle, cancellationToken);
        }
    }

    private List<Extent> ExtentsOf(Manifest manifest)
    {
        var lane = parts.CurrentLane();
        var extents = new List<Extent>(manifest.Extents);
        if (manifest.Owner != lane.Session) return extents;
        var own = new List<WalExtent>();
        lane.Index.CopyTo(manifest.Partition, manifest.ExtentsEnd, own);
        extents.AddRange(own);
        return extents;
    }

    private bool IsDue(ref long last, TimeSpan interval)
    {
        var now = parts.Time.GetTimestamp();
        if (parts.Time.GetElapsedTime(last, now) < interval) return false;
        last = now;
        return true;
    }
}
