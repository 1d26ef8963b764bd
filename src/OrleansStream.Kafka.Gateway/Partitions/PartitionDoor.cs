using System.Collections.Concurrent;
using OrleansStream.Abstractions.Cluster;
using OrleansStream.Abstractions.Partitions;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Kafka.Gateway.Connections;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;

namespace OrleansStream.Kafka.Gateway.Partitions;

/// <summary>
/// Leads from what a client names to the handle of the partition, opening it if this broker owns it. Each partition is opened once however many ask,
/// a bounded number at a time; a client that stops waiting stops nothing.
/// </summary>
internal sealed class PartitionDoor : IDisposable
{
    // An opening that nobody waits for any more still ends.
    private static readonly TimeSpan OpenAtMost = TimeSpan.FromSeconds(60);

    private readonly ConcurrentDictionary<PartitionId, Opening> _opening = new();
    private readonly HandleTable _handles;
    private readonly ILocalPartitions _local;
    private readonly IClusterView _cluster;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _slots;
    private readonly TimeSpan _maxWait;

    public PartitionDoor(HandleTable handles, ILocalPartitions local, IClusterView cluster, KnownTopics topics, GatewaySurroundings surroundings)
    {
        _handles = handles;
        _local = local;
        _cluster = cluster;
        _time = surroundings.Time;
        _slots = new SemaphoreSlim(surroundings.Options.MaxOpening);
        _maxWait = surroundings.Options.MaxOpeningWait;
        Catalog = topics.Catalog;
        Updates = topics.Updates;
        surroundings.Metrics.Observe(
            "orleansstream.gateway.opening", ("{partition}", "Partitions that are being opened at once; more wait in line."), () => surroundings.Options.MaxOpening - _slots.CurrentCount, surroundings.Options.MaxOpening);
    }

    public CatalogView Catalog { get; }

    /// <summary>For topics that the catalog's copy here does not have.</summary>
    public ICatalogUpdates Updates { get; }

    /// <summary>The partition if it is open here; no lock, no allocation.</summary>
    public bool TryFind(PartitionId partition, out OpenedPartition opened)
    {
        var found = _handles.TryGet(partition, out var handle) && handle.IsOwner;
        opened = found ? OpenedPartition.Open(handle!) : default;
        return found;
    }

    /// <summary>As <see cref="TopicPartitions.Resolve(CatalogView, string, int, out PartitionId)"/>, with a second look for what is not known here.</summary>
    public async ValueTask<(ErrorCode Error, PartitionId Partition)> ResolveAsync(string topicName, int index, CancellationToken gone)
    {
        var error = TopicPartitions.Resolve(Catalog, topicName, index, out var partition);
        if (error == ErrorCode.UnknownTopicOrPartition && Updates.IsDue)
        {
            await Updates.LookAgainAsync(gone);
            error = TopicPartitions.Resolve(Catalog, topicName, index, out partition);
        }

        return (error, partition);
    }

    /// <summary>
    /// The partition, opened if need be. The name was found in the catalog before: garbage opens nothing. One that is open on a broker that stood still is not
    /// found before the broker knows that it still owns it (rule W2): whoever asks is about to tell a client where its log begins or ends.
    /// </summary>
    /// <param name="partition">Which.</param>
    /// <param name="atMost">
    /// How long this caller waits; the opening goes on. What its connection asks of other partitions waits behind it, and therefore nobody waits when the opening has
    /// lasted for <see cref="GatewayOptions.MaxOpeningWait"/>: a client that comes again meanwhile holds them up no more.
    /// </param>
    /// <param name="cancellationToken">Ends the wait, with an exception.</param>
    public ValueTask<OpenedPartition> OpenAsync(PartitionId partition, TimeSpan atMost, CancellationToken cancellationToken) =>
        OpenAsync(partition, (atMost, IsPoll: false), cancellationToken);

    /// <summary>
    /// As <see cref="OpenAsync(PartitionId, TimeSpan, CancellationToken)"/>, for a client that came to wait and would come again at once: each time it may wait for as
    /// long as <see cref="GatewayOptions.MaxOpeningWait"/> says.
    /// </summary>
    public ValueTask<OpenedPartition> OpenForPollAsync(PartitionId partition, TimeSpan atMost, CancellationToken cancellationToken) =>
        OpenAsync(partition, (atMost, IsPoll: true), cancellationToken);

    private ValueTask<OpenedPartition> OpenAsync(PartitionId partition, (TimeSpan AtMost, bool IsPoll) wait, CancellationToken cancellationToken)
    {
        if (TryFind(partition, out var opened))
        {
            return ValueTask.FromResult(opened.Handle!.IsStalled ? OpenedPartition.Failed(ErrorCode.NotLeaderOrFollower) : opened);
        }

        // What another broker serves until now it gives up when it is asked by the one that placement names, and only by that one.
        return _cluster.PlacedOn(partition) != _cluster.Self
            ? ValueTask.FromResult(OpenedPartition.Failed(ErrorCode.NotLeaderOrFollower, LeaderOf(partition, _cluster.OwnerOf(partition))))
            : WaitAsync(partition, wait, cancellationToken);
    }

    /// <summary>Moves log start of a partition that is open here.</summary>
    public Task<DeleteRecordsResult> DeleteRecordsAsync(PartitionId partition, Offset before, CancellationToken cancellationToken) =>
        _local.DeleteRecordsAsync(partition, before, cancellationToken);

    /// <summary>The epoch in which the partition is open here, else that of the newest claim that is known; null if there is none.</summary>
    public LeaderEpoch? EpochOf(PartitionId partition) => _handles.TryGet(partition, out var handle) && handle.IsOwner ? handle.Epoch : _local.EpochOf(partition);

    /// <summary>Stored bytes of a partition, open or not; null if they cannot be counted now.</summary>
    public ValueTask<long?> SizeOfAsync(PartitionId partition, CancellationToken cancellationToken) =>
        TryFind(partition, out var opened) ? ValueTask.FromResult<long?>(opened.Handle!.SizeBytes) : _local.SizeOfAsync(partition, cancellationToken);

    /// <summary>Bytes of the volume that this broker writes to, and those that it may still write; -1 where that is unknown.</summary>
    public (long TotalBytes, long UsableBytes) Volume => _local.Volume;

    /// <summary>Every partition that is open here.</summary>
    public IEnumerable<PartitionHandle> Open => _handles.All;

    public void Dispose() => _slots.Dispose();

    private async ValueTask<OpenedPartition> WaitAsync(PartitionId partition, (TimeSpan AtMost, bool IsPoll) wait, CancellationToken cancellationToken)
    {
        try
        {
            var opening = OpeningOf(partition);
            var longest = wait.IsPoll ? _maxWait : _maxWait - _time.GetElapsedTime(opening.Since);
            var left = wait.AtMost < longest ? wait.AtMost : longest;
            var result = await opening.Ended.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, _time, cancellationToken);
            if (TryFind(partition, out var opened))
            {
                return opened;
            }

            // Open, and closed again since: the client finds out by asking once more.
            return OpenedPartition.Failed(result.Error is ErrorCode.None or ErrorCode.LeaderNotAvailable ? ErrorCode.NotLeaderOrFollower : result.Error, result.Owner is { } owner ? LeaderOf(partition, owner) : null);
        }
        catch (TimeoutException)
        {
            // Nothing was stored, and that is what this code lets the client know; a timeout would leave it in doubt. Who serves it until it is open here still can.
            return OpenedPartition.Failed(ErrorCode.NotLeaderOrFollower, LeaderOf(partition, _cluster.OwnerOf(partition)));
        }
    }

    private KnownLeader LeaderOf(PartitionId partition, BrokerId owner) => new(owner, EpochOf(partition) ?? LeaderEpoch.None);

    private Opening OpeningOf(PartitionId partition)
    {
        if (_opening.TryGetValue(partition, out var running))
        {
            return running;
        }

        var mine = new TaskCompletionSource<OpenResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        running = _opening.GetOrAdd(partition, new Opening(mine.Task, _time.GetTimestamp()));
        if (running.Ended == mine.Task)
        {
            _ = OpenAsync(partition, mine);
        }

        return running;
    }

    private async Task OpenAsync(PartitionId partition, TaskCompletionSource<OpenResult> opening)
    {
        OpenResult result;
        try
        {
            using var tooLong = new CancellationTokenSource(OpenAtMost, _time);
            await _slots.WaitAsync(tooLong.Token);
            try
            {
                // Whoever looked before an earlier opening ended, and came here after it, finds it open now.
                result = TryFind(partition, out var opened)
                    ? new OpenResult(ErrorCode.None, opened.Handle!.Epoch, null)
                    : await _local.OpenAsync(partition, tooLong.Token);
            }
            finally
            {
                _slots.Release();
            }
        }
        catch (Exception)
        {
            // Storage or the catalog failed, or took too long: that passes, and the client tries again.
            result = new OpenResult(ErrorCode.LeaderNotAvailable, LeaderEpoch.None, null);
        }

        _opening.TryRemove(partition, out _);
        opening.SetResult(result);
    }

    private readonly record struct Opening(Task<OpenResult> Ended, long Since);
}

/// <summary>What this broker knows of topics, and the way to what it does not know yet.</summary>
internal sealed record KnownTopics(CatalogView Catalog, ICatalogUpdates Updates);
