using System.Collections.Concurrent;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Grains.Cluster;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains.Partitions;

/// <summary>
/// Opens partitions whose broker is gone, or that nobody serves since this one started: a client that comes for one finds it open, or being opened. Clients'
/// own openings run beside these and do not stand behind them.
/// </summary>
internal sealed class TakeOver(ClusterMembers members, LocalPartitions partitions, TakeOverSources sources, MoveSurroundings surroundings)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    // Where storage fails an open it may be away for long. A client that asks for the partition waits for no pause.
    private static readonly TimeSpan LongestPauseOfStorage = TimeSpan.FromSeconds(30);

    /// <summary>Opens what was open on brokers that are gone and belongs here now, until all of it is, or cannot be opened.</summary>
    /// <param name="look">Says that there may be more: the cluster changed. It also hears from here when there is nothing left.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task OpenOrphansAsync(Wake look, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var run = new Run(look, surroundings.Options.AtOnce);
        var opening = new Dictionary<PartitionId, Task>();
        bool IsDue(PartitionId partition) => IsUnserved(partition) && !run.Refused.ContainsKey(partition);
        try
        {
            for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
            {
                foreach (var orphan in Orphans().Where(partition => IsDue(partition) && !opening.ContainsKey(partition)).ToList())
                {
                    run.OnBegun();
                    var opened = OpenUntilServedAsync(orphan, run, ending.Token);
                    opening.Add(orphan, opened);

                    // Behind its end: who looks then finds that it has ended.
                    _ = opened.ContinueWith(static (_, run) => ((Run)run!).OnEnded(), run, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
                }

                // What people are told of it takes a request to storage, for which no partition waits.
                await sources.Departures.TellFoundAsync(cancellationToken);
                sources.Departures.TellServed(IsOpen, IsDue);
                if (opening.Count == 0)
                {
                    return;
                }

                if (await IsSetWithinAsync(look, pause, cancellationToken))
                {
                    pause = FirstPause;
                }

                foreach (var (partition, opened) in opening.Where(static one => one.Value.IsCompleted).ToList())
                {
                    opening.Remove(partition);
                    await opened;
                }
            }
        }
        finally
        {
            await ending.CancelAsync();
            await Task.WhenAll(opening.Values).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
    }

    /// <summary>Opens what belongs here, was ever used and is served by nobody: after a start of the whole cluster that is everything.</summary>
    /// <returns>How many are open by it.</returns>
    public async Task<int> OpenUnservedAsync(CancellationToken cancellationToken)
    {
        var before = partitions.Log.Handles.Count;
        var options = new ParallelOptions { MaxDegreeOfParallelism = surroundings.Options.AtOnce, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(Placed().Where(IsUnserved), options, async (partition, stop) => await OpenIfWorthItAsync(partition, stop));
        return Math.Max(0, partitions.Log.Handles.Count - before);
    }

    private bool IsUnserved(PartitionId partition) => members.PlacedOn(partition) == members.Self && members.OwnerOf(partition) == members.Self && !IsOpen(partition);

    private bool IsOpen(PartitionId partition) => partitions.Log.Handles.TryGet(partition, out var handle) && handle.IsOwner;

    private IEnumerable<PartitionId> Orphans() => sources.Leaders.ServedByNoneOf(members.Layout).Where(IsUnserved);

    // Journals first: without them nobody commits, and no topic is created.
    private IEnumerable<PartitionId> Placed()
    {
        yield return HiddenTopics.CatalogPartition;
        for (var index = 0; index < partitions.GroupPartitions; index++)
        {
            yield return new PartitionId(HiddenTopics.Groups, index);
        }

        foreach (var topic in sources.Catalog.Current.Topics.OrderBy(static topic => topic.Name, StringComparer.Ordinal))
        {
            for (var index = 0; index < topic.PartitionCount; index++)
            {
                yield return new PartitionId(topic.Id, index);
            }
        }
    }

    // Each partition by itself: what is tried again waits for no other one that is slow.
    private async Task OpenUntilServedAsync(PartitionId partition, Run run, CancellationToken cancellationToken)
    {
        for (var pause = FirstPause; IsUnserved(partition);)
        {
            var opened = await run.InPlaceAsync(stop => TryOpenAsync(partition, stop), cancellationToken);

            // Of no use to ask for again, as damage does not heal: whoever asks for it as a client hears why, and opens it once it is repaired.
            if (opened is { Error: ErrorCode.UnknownTopicOrPartition } or { Damage: not null })
            {
                run.Refused.TryAdd(partition, true);
                return;
            }

            // Served by now, or it waits for its former owner's last word, or for storage.
            if (!IsUnserved(partition))
            {
                return;
            }

            await Task.Delay(pause, surroundings.Time, cancellationToken);
            var longest = opened.Error == ErrorCode.KafkaStorageError ? LongestPauseOfStorage : LongestPause;
            pause = pause * 2 < longest ? pause * 2 : longest;
        }
    }

    private async Task<bool> IsSetWithinAsync(Wake look, TimeSpan pause, CancellationToken cancellationToken)
    {
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var set = look.WaitAsync(waiting.Token).AsTask();
        await Task.WhenAny(set, Task.Delay(pause, surroundings.Time, waiting.Token));

        // Not left waiting, where it would take the next note away from whoever waits then.
        await waiting.CancelAsync();
        await set.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        cancellationToken.ThrowIfCancellationRequested();
        return set.IsCompletedSuccessfully;
    }

    private async Task OpenIfWorthItAsync(PartitionId partition, CancellationToken stop)
    {
        try
        {
            if (!await partitions.Log.HasLogAsync(partition, stop))
            {
                return;
            }
        }
        catch (Exception) when (!stop.IsCancellationRequested)
        {
            // Storage is away for a moment; whoever asks for it as a client opens it.
            return;
        }

        await TryOpenAsync(partition, stop);
    }

    private async Task<OpenedHandle> TryOpenAsync(PartitionId partition, CancellationToken stop)
    {
        try
        {
            var opened = await partitions.OpenHandleAsync(partition, stop);
            if (opened.Error == ErrorCode.None)
            {
                surroundings.Metrics.TakenOver.Add(1);
            }

            return opened;
        }
        catch (Exception) when (!stop.IsCancellationRequested)
        {
            // Storage or the catalog is away for a moment.
            return new OpenedHandle(ErrorCode.LeaderNotAvailable, null);
        }
    }

    // One call's openings: so many at once, and whoever is last says so.
    private sealed class Run(Wake look, int atOnce) : IDisposable
    {
        private readonly SemaphoreSlim _places = new(atOnce);
        private int _running;

        public ConcurrentDictionary<PartitionId, bool> Refused { get; } = new();

        public void OnBegun() => Interlocked.Increment(ref _running);

        public void OnEnded()
        {
            if (Interlocked.Decrement(ref _running) == 0)
            {
                look.Set();
            }
        }

        public async Task<OpenedHandle> InPlaceAsync(Func<CancellationToken, Task<OpenedHandle>> open, CancellationToken cancellationToken)
        {
            await _places.WaitAsync(cancellationToken);
            try
            {
                return await open(cancellationToken);
            }
            finally
            {
                _places.Release();
            }
        }

        public void Dispose() => _places.Dispose();
    }
}

/// <summary>What says which partitions nobody serves, and who is told of it.</summary>
internal sealed record TakeOverSources(PartitionLeaders Leaders, CatalogView Catalog, Departures Departures);
