using OrleansStream.Log.Lanes;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Brokers;

/// <summary>
/// Keeps one lane alive: when it ends by a failure, its partitions close, and a new session begins, after ever longer pauses while storage refuses one.
/// Partitions are then claimed anew.
/// </summary>
public abstract class LaneKeeper : IAsyncDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    private readonly LaneKeeperParts _parts;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gapGate = new();
    private IRunningLane? _lane;
    private Task _watch = Task.CompletedTask;
    private TaskCompletionSource<bool> _replaced = NewSignal();
    private long? _endedAt;
    private readonly TaskCompletionSource<Exception> _givenUp = new(TaskCreationOptions.RunContinuationsAsynchronously);

    protected LaneKeeper(LaneKeeperParts parts)
    {
        _parts = parts;
        Handles = new HandleTable(ClosedEpochs);
    }

    /// <summary>The newest lane, ended or not.</summary>
    public Lane Current => Volatile.Read(ref _lane)!.Lane;

    /// <summary>Completes, with the reason, when no session can ever begin here again: the process is to end.</summary>
    public Task<Exception> GivenUp => _givenUp.Task;

    /// <summary>How many lanes ended since the start without having been stopped.</summary>
    public int LanesLost { get; private set; }

    /// <summary>How long there has been no lane, nor anything that could be appended or opened; zero while there is one.</summary>
    public TimeSpan Gap
    {
        get
        {
            lock (_gapGate) return _endedAt is { } since ? _parts.Time.GetElapsedTime(since) : TimeSpan.Zero;
        }
    }

    /// <summary>Those of all lanes, one after the other.</summary>
    public ClosedEpochs ClosedEpochs { get; } = new();

    /// <summary>The partitions that are open on the lanes.</summary>
    public HandleTable Handles { get; }

    /// <summary>Set once the keeper is asked to stop.</summary>
    protected CancellationToken Stopping => _stopping.Token;

    /// <summary>Begins the first session.</summary>
    public async Task BeginAsync(CancellationToken cancellationToken)
    {
        Volatile.Write(ref _lane, await NewLaneAsync(cancellationToken));
        _watch = Task.Factory.StartNew(WatchAsync, CancellationToken.None, TaskCreationOptions.DenyChildAttach, _parts.Scheduler).Unwrap();
    }

    /// <summary>Waits for the lane after one that ended. False if the broker stops.</summary>
    public Task<bool> NextAsync()
    {
        var signal = Volatile.Read(ref _replaced);
        return Current.End is null ? Task.FromResult(true) : signal.Task;
    }

    /// <summary>Publishes what was accepted, ends the lane in order and waits until that is concluded. What has no outcome when the time is up is left.</summary>
    public async ValueTask DisposeAsync()
    {
        _stopping.Cancel(); // Not CancelAsync, which would go on by way of the thread pool.
        if (_lane is { } lane)
        {
            if (lane.Lane.End is null) await StopAsync(lane.Lane);
            await _watch;
        }

        await OnStoppedAsync();
        _stopping.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Begins a session, and starts its lane. Called again after a failure.</summary>
    protected abstract Task<IRunningLane> NewLaneAsync(CancellationToken cancellationToken);

    /// <summary>What must be known of a session that has ended before another one begins. False: not yet, it is tried again.</summary>
    protected virtual Task<bool> TryConcludeAsync(Lane ended) => Task.FromResult(true);

    /// <summary>The lane is over, and its partitions are closed.</summary>
    protected virtual void OnEnded(Lane ended)
    {
    }

    /// <summary>A new lane took its place. Must not throw.</summary>
    protected virtual void OnReplaced()
    {
    }

    /// <summary>Whether no new session can ever begin after this failure.</summary>
    protected virtual bool IsFinal(Exception failure) => false;

    /// <summary>The last lane has ended, and no other follows.</summary>
    protected virtual ValueTask OnStoppedAsync() => ValueTask.CompletedTask;

    /// <summary>Gives a name that was never used.</summary>
    protected Guid NewGuid()
    {
        Span<byte> bytes = stackalloc byte[16];
        lock (_parts.Random) _parts.Random.NextBytes(bytes);
        return new Guid(bytes);
    }

    private async Task WatchAsync()
    {
        while (true)
        {
            var lane = _lane!;
            var end = await lane.Lane.Ended;
            SetEnded(_parts.Time.GetTimestamp());
            CloseHandles(lane.Lane, end);
            OnEnded(lane.Lane);
            var isConcluded = await TryConcludeAsync(lane.Lane);
            await CloseAsync(lane, isConcluded);
            if (_stopping.IsCancellationRequested)
            {
                Volatile.Read(ref _replaced).TrySetResult(false);
                return;
            }

            LanesLost++;

            // What the log itself found, a fence as a rule, its reason tells; where it was found helps nobody.
            _parts.Note($"The lane ended: {end.Reason} Nothing that was acknowledged is lost; a new session begins.", end.Cause is LogException { InnerException: null } ? null : end.Cause);
            if (await ReplaceAsync(lane.Lane, isConcluded) is not { } next)
            {
                Volatile.Read(ref _replaced).TrySetResult(false);
                return;
            }

            Volatile.Write(ref _lane, next);
            SetEnded(null);
            Interlocked.Exchange(ref _replaced, NewSignal()).TrySetResult(true);
            OnReplaced();

            // Whoever stops looks at the lane once, and that may have been the old one.
            if (_stopping.IsCancellationRequested) await StopAsync(next.Lane);
        }
    }

    // Whoever stops waits for the writes that are on their way, as long as he may. What is given up then was acknowledged to nobody.
    private async Task StopAsync(Lane lane)
    {
        try
        {
            await lane.StopAsync(_parts.StopEnds);
        }
        catch (OperationCanceledException) when (_parts.StopEnds.IsCancellationRequested)
        {
            _parts.Note($"The time of the stop is over, and storage has not said what became of {lane.BlocksInFlight} blocks ({lane.OpenBytes} bytes): they are left. None of it was acknowledged; what stands of it is found by whoever opens its partitions.", null);
            lane.Abort(new LaneEnd("The broker stopped before storage had answered.", null));
        }
    }

    private void SetEnded(long? timestamp)
    {
        lock (_gapGate) _endedAt = timestamp;
    }

    // Storage that is full, broken or away is asked again, ever more slowly: reads go on meanwhile. The old session is concluded before anything new begins.
    private async Task<IRunningLane?> ReplaceAsync(Lane ended, bool isConcluded)
    {
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            try
            {
                isConcluded = isConcluded || await TryConcludeAsync(ended);
                if (isConcluded) return await NewLaneAsync(Stopping);
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                return null;
            }
            catch (Exception error) when (IsFinal(error))
            {
                _parts.Note("No session begins here any more.", error);
                _givenUp.TrySetResult(error);
                return null;
            }
            catch (Exception error) // Whatever it was: a keeper that gave up would leave the broker without a lane for ever.
            {
                _parts.Note($"No new session could begin; the next try comes in {pause.TotalSeconds} s.", error);
            }

            try
            {
                await Task.Delay(pause, _parts.Time, _stopping.Token);
            }
            catch (OperationCanceledException)
            {
                return null;
            }
        }
    }

    private void CloseHandles(Lane lane, LaneEnd end)
    {
        var error = PartitionAppender.ErrorOf(end);
        foreach (var handle in Handles.All)
        {
            if (handle.Session == lane.Session) Close(handle, error);
        }
    }

    // Closing wakes waiters: code of others, which must not keep the rest from being closed.
    private void Close(PartitionHandle handle, Model.Errors.ErrorCode code)
    {
        try
        {
            handle.Close(code);
        }
        catch (Exception error)
        {
            _parts.Note($"Closing partition {handle.Id} failed.", error);
        }
    }

    private async Task CloseAsync(IRunningLane lane, bool isConcluded)
    {
        try
        {
            await lane.CloseAsync(isConcluded);
        }
        catch (Exception error)
        {
            _parts.Note("What the session that ended had open could not be closed.", error);
        }
    }

    private static TaskCompletionSource<bool> NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
