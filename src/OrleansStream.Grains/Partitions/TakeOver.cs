using System.Collections.Concurrent;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Grains.Cluster;
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

    /// <summary>Opens what was open on brokers that are gone and belongs here now, until all of it is, or cannot be opened.</summary>
    public async Task OpenOrphansAsync(CancellationToken cancellationToken)
    {
        var refused = new HashSet<PartitionId>();
        bool IsDue(PartitionId partition) => IsUnserved(partition) && !refused.Contains(partition);
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            var orphans = Orphans().Where(IsDue).ToList();

            // What people are told of it takes a request to storage, for which no partition waits.
            var telling = sources.Departures.TellFoundAsync(cancellationToken);
            var opening = OpenAsync(orphans, cancellationToken);
            await Task.WhenAll(opening, telling);
            refused.UnionWith(await opening);
            sources.Departures.TellServed(IsOpen, IsDue);
            if (orphans.Count == 0)
            {
                return;
            }

            // What is left waits for its former owner's last word, or for storage.
            if (Orphans().Any(IsDue))
            {
                await Task.Delay(pause, surroundings.Time, cancellationToken);
            }
        }
    }

    /// <summary>Opens what belongs here, was ever used and is served by nobody: after a start of the whole cluster that is everything.</summary>
    /// <returns>How many are open by it.</returns>
    public async Task<int> OpenUnservedAsync(CancellationToken cancellationToken)
    {
        var before = partitions.Log.Handles.Count;
        await OpenAsync(Placed().Where(IsUnserved), cancellationToken, partitions.Log.HasLogAsync);
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

    // Answers those that it is of no use to ask for again: whoever asks for them as a client hears why.
    private async Task<IReadOnlyCollection<PartitionId>> OpenAsync(
        IEnumerable<PartitionId> wanted, CancellationToken cancellationToken, Func<PartitionId, CancellationToken, ValueTask<bool>>? isWorthIt = null)
    {
        var refused = new ConcurrentBag<PartitionId>();
        await Parallel.ForEachAsync(wanted, new ParallelOptions { MaxDegreeOfParallelism = surroundings.Options.AtOnce, CancellationToken = cancellationToken }, async (partition, stop) =>
        {
            if (await OpenAsync(partition, isWorthIt, stop) is ErrorCode.UnknownTopicOrPartition or ErrorCode.KafkaStorageError)
            {
                refused.Add(partition);
            }
        });
        return refused;
    }

    private async ValueTask<ErrorCode> OpenAsync(PartitionId partition, Func<PartitionId, CancellationToken, ValueTask<bool>>? isWorthIt, CancellationToken stop)
    {
        try
        {
            if (isWorthIt is not null && !await isWorthIt(partition, stop))
            {
                return ErrorCode.None;
            }

            var opened = await partitions.OpenAsync(partition, stop);
            if (opened.Error == ErrorCode.None)
            {
                surroundings.Metrics.TakenOver.Add(1);
            }

            return opened.Error;
        }
        catch (Exception) when (!stop.IsCancellationRequested)
        {
            // Storage or the catalog is away for a moment.
            return ErrorCode.LeaderNotAvailable;
        }
    }
}

/// <summary>What says which partitions nobody serves, and who is told of it.</summary>
internal sealed record TakeOverSources(PartitionLeaders Leaders, CatalogView Catalog, Departures Departures);
