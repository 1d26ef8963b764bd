using OrleansStream.Kafka.Gateway.Connections;
using OrleansStream.Kafka.Gateway.Partitions;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Kafka.Protocol.Primitives;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Ids;

namespace OrleansStream.Kafka.Gateway.Fetching;

/// <summary>Carries out a fetch: finds the partitions, waits for bytes if the client wants to, and reads whole batches under leases.</summary>
internal sealed class FetchReader(PartitionDoor door, DeadlineWheel wheel, ResponseBudget budget, GatewaySurroundings surroundings)
{
    // A client that waits for nothing still gives the broker this long to open a partition: after a start every partition is closed.
    private static readonly TimeSpan OpenAtLeast = TimeSpan.FromMilliseconds(500);

    private static readonly RecordsPayload NoRecords = new MemoryRecords(ReadOnlyMemory<byte>.Empty);

    /// <summary>Finds every partition, and waits until there is something to say or the client's patience ends.</summary>
    public async ValueTask PrepareAsync(FetchPlan plan, RequestContext context)
    {
        var items = plan.Items();
        var started = surroundings.Time.GetTimestamp();
        var allFound = TryFind(items, plan);
        if (door.Updates.IsDue && items.Exists(static item => item.Error is ErrorCode.UnknownTopicOrPartition or ErrorCode.UnknownTopicId))
        {
            await door.Updates.LookAgainAsync(context.Gone);
            allFound = TryFind(items, plan);
        }

        if (!allFound)
        {
            await OpenAsync(items, plan, context);
        }

        var wait = plan.Session?.Wait ?? new FetchWait();
        while (!HasNews(items, plan, out var available))
        {
            var left = plan.MaxWait - surroundings.Time.GetElapsedTime(started);
            if (left <= TimeSpan.Zero || context.Ending.IsCancellationRequested)
            {
                return;
            }

            // Only what comes on top of what was counted: bytes beyond a partition's limit stay where they are, and would wake it again and again.
            var waiter = wait.Begin(plan.MinBytes - available);
            foreach (var item in items)
            {
                waiter.Watch(item.Handle!, item.CountedTo);
            }

            surroundings.Metrics.FetchWaits();
            try
            {
                await wait.WaitAsync(wheel, left, context.Ending);
            }
            finally
            {
                surroundings.Metrics.FetchWaitEnded();
            }

            plan.HasWaited = true;
        }
    }

    /// <summary>Reads one partition into an answer.</summary>
    /// <param name="item">Which.</param>
    /// <param name="plan">The fetch that it belongs to.</param>
    /// <param name="room">Bytes that the answer still has room for.</param>
    /// <param name="isFirst">Nothing was read before: the first batch comes whatever its size (KIP-74).</param>
    /// <param name="context">Takes over the leases.</param>
    public async ValueTask<FetchResponse.Partition> ReadAsync(FetchItem item, FetchPlan plan, (long Room, bool IsFirst) limits, RequestContext context)
    {
        if (item.Handle is not { } handle)
        {
            return Failed(item, plan, item.Error, context);
        }

        var wanted = Math.Min(item.MaxBytes, limits.Room);
        var available = handle.BytesFrom(item.Offset);
        var charge = available <= 0 ? 0 : budget.ChargeFor(Math.Min(wanted, available));
        if (!budget.TryTake(charge))
        {
            if (!limits.IsFirst)
            {
                // What was read already goes out and gives its share back.
                return Empty(item, handle, plan);
            }

            await budget.TakeAsync(charge, context.Gone);
        }

        var frames = new FrameList();
        var given = false;
        try
        {
            var outcome = await handle.ReadAsync(new ReadRequest(item.Offset, (int)wanted, limits.IsFirst, plan.Committed), frames, context.Gone);
            if (outcome.Error != ErrorCode.None)
            {
                return Failed(item, plan, outcome.Error, context);
            }

            given = frames.Count > 0;
            if (given && plan.HasWaited)
            {
                TellDelay(frames);
            }

            return Answer(item, plan, outcome, given ? Lease(frames, charge, context) : NoRecords);
        }
        finally
        {
            if (!given)
            {
                frames.Dispose();
                budget.Return(charge);
            }
        }
    }

    // Once for each partition of a fetch. What was read from a disk has no such time: nobody waited for it.
    private void TellDelay(FrameList frames)
    {
        if (frames[frames.Count - 1].Lease.Block.OpenedAt is > 0 and var openedAt)
        {
            surroundings.Metrics.FetchedAfter(surroundings.Time.GetElapsedTime(openedAt));
        }
    }

    private LeasedRecords Lease(FrameList frames, long charge, RequestContext context)
    {
        var kept = Math.Min(charge, frames.Bytes);
        budget.Return(charge - kept);
        var leased = new LeasedRecords(frames, budget, kept);
        context.Own(leased);
        return leased;
    }

    private static FetchResponse.Partition Empty(FetchItem item, PartitionHandle handle, FetchPlan plan) =>
        Answer(item, plan, new ReadOutcome(ErrorCode.None, handle.HighWatermark, handle.LastStableOffset, handle.LogStart), NoRecords);

    private static FetchResponse.Partition Answer(FetchItem item, FetchPlan plan, in ReadOutcome outcome, RecordsPayload records) => new()
    {
        Index = item.Key.Index,
        HighWatermark = outcome.HighWatermark.Value,
        LastStableOffset = outcome.LastStableOffset.Value,
        LogStartOffset = outcome.LogStart.Value,
        AbortedTransactions = plan.Committed ? [] : null,
        Records = records,
    };

    private static FetchResponse.Partition Failed(FetchItem item, FetchPlan plan, ErrorCode error, RequestContext context)
    {
        var told = FetchErrors.ToTell(error, plan.Version);
        context.Count(told);
        item.Handle = null;
        item.Error = error;
        return new()
        {
            Index = item.Key.Index,
            ErrorCode = told,
            HighWatermark = -1,
            LastStableOffset = -1,
            LogStartOffset = -1,
            AbortedTransactions = plan.Committed ? [] : null,
            Records = NoRecords,
        };
    }

    // True: all is decided without a wait.
    private bool TryFind(List<FetchItem> items, FetchPlan plan)
    {
        var all = true;
        foreach (var item in items)
        {
            if (item.Handle is { IsOwner: true } handle)
            {
                item.Error = TopicPartitions.CheckEpoch(item.LeaderEpoch, handle.Epoch);
            }
            else
            {
                all &= TryFind(item, plan);
            }
        }

        return all;
    }

    private bool TryFind(FetchItem item, FetchPlan plan)
    {
        item.Handle = null;
        item.Leader = null;
        item.Error = Resolve(item.Key, plan, out var partition);
        if (item.Error != ErrorCode.None)
        {
            return true;
        }

        if (!door.TryFind(partition, out var opened))
        {
            return false;
        }

        Set(item, opened);
        return true;
    }

    private ErrorCode Resolve(in FetchKey key, FetchPlan plan, out PartitionId partition)
    {
        var snapshot = door.Catalog.Current;
        var topic = plan.UsesIds ? snapshot.Find(key.TopicId) : snapshot.Find(key.Name);
        var error = TopicPartitions.Resolve(door.Catalog, topic, key.Index, out partition);
        return error == ErrorCode.UnknownTopicOrPartition && plan.UsesIds && topic is null ? ErrorCode.UnknownTopicId : error;
    }

    private async ValueTask OpenAsync(List<FetchItem> items, FetchPlan plan, RequestContext context)
    {
        var atMost = plan.MaxWait > OpenAtLeast ? plan.MaxWait : OpenAtLeast;
        var opening = new List<(FetchItem Item, Task<OpenedPartition> Opening)>();
        foreach (var item in items)
        {
            if (item.Handle is null && item.Error == ErrorCode.None && Resolve(item.Key, plan, out var partition) == ErrorCode.None)
            {
                opening.Add((item, door.OpenForPollAsync(partition, atMost, context.Gone).AsTask()));
            }
        }

        await Task.WhenAll(opening.ConvertAll(static one => (Task)one.Opening));
        foreach (var (item, task) in opening)
        {
            Set(item, await task);
        }
    }

    private static void Set(FetchItem item, in OpenedPartition opened)
    {
        item.Handle = opened.Handle;
        item.Leader = opened.Leader;
        item.Error = opened.Handle is null ? opened.Error : TopicPartitions.CheckEpoch(item.LeaderEpoch, opened.Handle.Epoch);
    }

    // Something to say at once: nothing to wait for, an error, or bytes enough. An item with an error has no handle from here on.
    private static bool HasNews(List<FetchItem> items, FetchPlan plan, out long available)
    {
        available = 0;
        var failed = false;
        foreach (var item in items)
        {
            if (item.Error != ErrorCode.None || item.Handle is not { IsOwner: true } handle)
            {
                item.Error = item.Error != ErrorCode.None ? item.Error : item.Handle?.Closed ?? ErrorCode.NotLeaderOrFollower;
                item.Handle = null;
                failed = true;
                continue;
            }

            // Read before the bytes: what is published in between is then counted twice rather than missed.
            item.CountedTo = Offset.Max(item.Offset, handle.HighWatermark);
            var bytes = handle.BytesFrom(item.Offset);
            failed |= bytes < 0;
            available += Math.Min(bytes, item.MaxBytes);
        }

        return failed || items.Count == 0 || available >= plan.MinBytes;
    }
}
