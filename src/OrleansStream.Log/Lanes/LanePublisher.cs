using OrleansStream.Log.Blocks;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Lanes;

/// <summary>
/// The publishing half of a lane: a ring of written blocks, bounded by the lane's open bytes, and one task that tells everybody in slot order (rule B3).
/// The writer never runs anybody else's code.
/// </summary>
internal sealed class LanePublisher(Lane lane, LaneSetup setup, LaneIndex index)
{
    private readonly Lock _lock = new();
    private readonly Queue<LaneBlock> _ring = new();
    private readonly List<(Slot Last, TaskCompletionSource Done)> _drains = [];
    private readonly TaskCompletionSource<LaneEnd> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private LaneEnd? _end;
    private LaneEnd? _queuedEnd;
    private LaneEnd? _broken;
    private int _durableInRing;
    private long _published;
    private long _settled;
    private Slot _nowhereFrom;
    private bool _isRunning;

    public LaneEnd? End => Volatile.Read(ref _end);

    public Task<LaneEnd> Ended => _ended.Task;

    /// <summary>The lowest slot that is not published. The index has all below it (rule T1).</summary>
    public Slot PublishedEnd => new(Volatile.Read(ref _published));

    public void Publish(ReadOnlySpan<LaneBlock> durable)
    {
        lock (_lock)
        {
            foreach (var block in durable) _ring.Enqueue(block);
            _durableInRing += durable.Length;
            if (_isRunning) return;
            _isRunning = true;
        }

        Start();
    }

    /// <summary>Ends the lane once everything that was handed over before is published; these blocks are lost.</summary>
    /// <param name="blocks">In slot order.</param>
    /// <param name="end">Why.</param>
    /// <param name="nowhereFrom">The first slot that no recovery can find, nor any above it; those below may stand.</param>
    public void Lose(ReadOnlySpan<LaneBlock> blocks, LaneEnd end, Slot nowhereFrom)
    {
        lock (_lock)
        {
            _queuedEnd = end;
            _nowhereFrom = nowhereFrom;
            foreach (var block in blocks) _ring.Enqueue(block);
            if (_isRunning) return;
            _isRunning = true;
        }

        Start();
    }

    /// <summary>Completes when all slots up to this one are published or lost.</summary>
    public Task WhenSettled(Slot last, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (last.Value < _settled || Ended.IsCompleted) return Task.CompletedTask;

            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _drains.Add((last, done));
            return cancellationToken.CanBeCanceled ? UnlessCancelledAsync(done, cancellationToken) : done.Task;
        }
    }

    // Not WaitAsync, which would go on by way of the thread pool, whatever scheduler the caller runs on.
    private static async Task UnlessCancelledAsync(TaskCompletionSource done, CancellationToken cancellationToken)
    {
        using var cancelled = cancellationToken.UnsafeRegister(static (waits, token) => ((TaskCompletionSource)waits!).TrySetCanceled(token), done);
        await done.Task;
    }

    private void Start() =>
        Task.Factory.StartNew(static publisher => ((LanePublisher)publisher!).Run(), this, CancellationToken.None, TaskCreationOptions.DenyChildAttach, setup.Dispatcher);

    private void Run()
    {
        while (TryTake(out var block, out var isDurable))
        {
            if (block is null) continue; // The end was reached; what follows it is lost.

            if (!(isDurable || lane.PublishesAfterEnd) || !TryPublish(block)) LoseOne(block, mayBeStored: isDurable || block.Slot < _nowhereFrom);
            try
            {
                Settle(block.Slot);
                if (block.Settle()) lane.Recycle(block);
            }
            catch (Exception error)
            {
                Break(error);
            }
        }
    }

    // What is durable and could not be told is not acknowledged, and neither is anything behind it: the lane ends here, and the next session finds it.
    private bool TryPublish(LaneBlock block)
    {
        if (_broken is not null) return false;
        try
        {
            index.Add(block);
        }
        catch (Exception error)
        {
            Break(error);
            return false;
        }

        PublishOne(block);
        return true;
    }

    private void Break(Exception error)
    {
        _broken ??= new LaneEnd($"Session {setup.Session} could not publish slot {PublishedEnd}: {error.Message}", error);
        lane.Abort(_broken);
    }

    private bool TryTake(out LaneBlock? block, out bool isDurable)
    {
        block = null;
        isDurable = false;
        lock (_lock)
        {
            if (_durableInRing > 0)
            {
                _durableInRing--;
                isDurable = true;
                block = _ring.Dequeue();
                return true;
            }

            if (_queuedEnd is not null && _end is null)
            {
                Volatile.Write(ref _end, _queuedEnd);
                return true;
            }

            if (_ring.TryDequeue(out block)) return true;

            _isRunning = false;
        }

        if (_end is not null) Complete();
        return false;
    }

    private void PublishOne(LaneBlock lanes)
    {
        var block = lanes.Block;
        Volatile.Write(ref _published, lanes.Slot.Value + 1);
        if (lanes.Count > 0) Observe(block);
        for (var i = 0; i < lanes.Count; i++)
        {
            ref readonly var placed = ref lanes.PlacedAt(i);
            try
            {
                placed.Owner.OnPublished(block, i, placed.State);
            }
            catch (Exception error) // One owner's mistake must not keep the others from their answers.
            {
                Report(error);
            }
        }
    }

    // A cache that does not take the block costs a read, and nothing else.
    private void Observe(Block block)
    {
        try
        {
            setup.Observer?.OnBlockPublished(block);
        }
        catch (Exception error)
        {
            Report(error);
        }
    }

    private void Report(Exception error)
    {
        try
        {
            setup.Observer?.OnOwnerFailed(error);
        }
        catch (Exception)
        {
            // There is nobody left to tell, and those who wait for their answers come first.
        }
    }

    private void LoseOne(LaneBlock lanes, bool mayBeStored)
    {
        var end = (_broken ?? _end)!;
        for (var i = 0; i < lanes.Count; i++)
        {
            ref readonly var placed = ref lanes.PlacedAt(i);
            try
            {
                placed.Owner.OnLost(end, mayBeStored, placed.State);
            }
            catch (Exception error) // As above.
            {
                Report(error);
            }
        }
    }

    private void Settle(Slot slot)
    {
        lock (_lock)
        {
            _settled = slot.Value + 1;
            for (var i = _drains.Count - 1; i >= 0; i--)
            {
                if (_drains[i].Last > slot) continue;
                _drains[i].Done.TrySetResult();
                _drains.RemoveAt(i);
            }
        }
    }

    private void Complete()
    {
        _ended.TrySetResult(_end!);
        lock (_lock)
        {
            foreach (var (_, done) in _drains) done.TrySetResult();
            _drains.Clear();
        }
    }
}
