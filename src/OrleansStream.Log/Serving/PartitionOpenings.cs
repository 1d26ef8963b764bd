using System.Collections.Concurrent;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Serving;

/// <summary>
/// Opens partitions for whoever asks: one claim for all who ask at once, which runs on whoever stops waiting, and anew where a lane ends meanwhile. Safe for
/// any number of callers.
/// </summary>
public sealed class PartitionOpenings(PartitionOpener opener, PartitionOpeningsParts parts)
{
    private readonly ConcurrentDictionary<PartitionId, Lazy<Task<OpenedHandle>>> _opening = new();

    /// <summary>Opens that are under way.</summary>
    public int Count => _opening.Count;

    /// <summary>Whether an open of the partition is under way; true until its handle is published.</summary>
    public bool Contains(PartitionId partition) => _opening.ContainsKey(partition);

    /// <summary>The handle that serves, or else one of a new claim. What storage refuses is told to the operator and answered with KAFKA_STORAGE_ERROR.</summary>
    /// <param name="partition">Which.</param>
    /// <param name="settings">Its topic's configs.</param>
    /// <param name="approach">What to do where another broker owns it. Whoever joins an open that is under way joins its approach.</param>
    /// <param name="cancellationToken">Ends the wait, never the claim.</param>
    /// <returns>A handle may have closed again by then, given up or with its lane: also before whoever joined the open had asked.</returns>
    public ValueTask<OpenedHandle> OpenAsync(PartitionId partition, PartitionSettings settings, OpenApproach approach, CancellationToken cancellationToken)
    {
        if (parts.Handles.TryGet(partition, out var serving) && serving.IsOwner)
        {
            return ValueTask.FromResult(new OpenedHandle(ErrorCode.None, serving));
        }

        var mine = new Lazy<Task<OpenedHandle>>(() => StartOpening(partition, settings, approach));
        var opening = _opening.GetOrAdd(partition, mine);

        // One that has ended was before this call, and is forgotten in a moment.
        while (opening != mine && opening is { IsValueCreated: true, Value.IsCompleted: true })
        {
            _opening.TryRemove(KeyValuePair.Create(partition, opening));
            opening = _opening.GetOrAdd(partition, mine);
        }

        if (opening == mine) _ = ForgetWhenDoneAsync(partition, mine);
        return new ValueTask<OpenedHandle>(opening.Value.WaitAsync(cancellationToken));
    }

    // Begun only once it stands in the table, however quickly it ends: an entry that stayed would answer for ever.
    private async Task ForgetWhenDoneAsync(PartitionId partition, Lazy<Task<OpenedHandle>> opening)
    {
        _ = (await Task.WhenAny(opening.Value)).Exception; // Told to those who wait, if anybody does.
        _opening.TryRemove(KeyValuePair.Create(partition, opening));
        parts.OnEnded?.Invoke(partition);
    }

    private Task<OpenedHandle> StartOpening(PartitionId partition, PartitionSettings settings, OpenApproach approach) => Task.Factory.StartNew(
        () => parts.Measure(() => OpenAsync(partition, settings, approach)), CancellationToken.None, TaskCreationOptions.DenyChildAttach, parts.Scheduler).Unwrap();

    private async Task<OpenedHandle> OpenAsync(PartitionId partition, PartitionSettings settings, OpenApproach approach)
    {
        try
        {
            var opened = await OpenOnceAsync(partition, settings, approach);
            if (opened.Handle is not { } handle) return opened;
            parts.Faults.OnOpened(partition);
            parts.OnOpened?.Invoke(handle);
            return opened;
        }
        catch (LogException error)
        {
            parts.Faults.OnNotOpened(partition, error);
            return new OpenedHandle(ErrorCode.KafkaStorageError, null) { Damage = error as CorruptBlockException };
        }
    }

    private async Task<OpenedHandle> OpenOnceAsync(PartitionId partition, PartitionSettings settings, OpenApproach approach)
    {
        while (true)
        {
            var outcome = await opener.OpenAsync(partition, settings, approach, CancellationToken.None);
            switch (outcome.Status)
            {
                case OpenStatus.Opened:
                    return new OpenedHandle(ErrorCode.None, outcome.Handle);
                case OpenStatus.LaneEnded when await parts.NextLane():
                    continue;
                case OpenStatus.LaneEnded or OpenStatus.Stopping:
                    return new OpenedHandle(ErrorCode.NotLeaderOrFollower, null);
                case OpenStatus.OwnedElsewhere:
                    return new OpenedHandle(ErrorCode.NotLeaderOrFollower, null, outcome.Owner);
                default:
                    return new OpenedHandle(ErrorCode.UnknownTopicOrPartition, null);
            }
        }
    }
}

/// <summary>What <see cref="PartitionOpenings"/> takes of its log.</summary>
public sealed record PartitionOpeningsParts
{
    public required HandleTable Handles { get; init; }

    /// <summary>Told of opens that storage refused, and of those that succeeded again.</summary>
    public required PartitionFaults Faults { get; init; }

    /// <summary>Waits for the lane after one that ended. False if the broker stops.</summary>
    public required Func<Task<bool>> NextLane { get; init; }

    /// <summary>Where opens run, whoever asks.</summary>
    public required TaskScheduler Scheduler { get; init; }

    /// <summary>Runs an open, and may look how long it takes and what comes of it.</summary>
    public Func<Func<Task<OpenedHandle>>, Task<OpenedHandle>> Measure { get; init; } = static open => open();

    /// <summary>Told of a new handle, before anybody is answered. Must not throw.</summary>
    public Action<PartitionHandle>? OnOpened { get; init; }

    /// <summary>Told when an open has ended, however it did. Must not throw.</summary>
    public Action<PartitionId>? OnEnded { get; init; }
}
