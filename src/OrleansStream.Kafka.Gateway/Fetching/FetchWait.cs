using System.Threading.Tasks.Sources;
using OrleansStream.Log.Serving;

namespace OrleansStream.Kafka.Gateway.Fetching;

/// <summary>One fetch's wait for bytes, used again and again by its session. The waiter's wake-up comes on the dispatcher, so the fetch goes on on the thread pool.</summary>
internal sealed class FetchWait : IValueTaskSource
{
    private ManualResetValueTaskSourceCore<bool> _core = new() { RunContinuationsAsynchronously = true };
    private FetchWaiter? _waiter;
    private int _woken;

    /// <summary>A waiter for so many bytes, to be told its partitions.</summary>
    public FetchWaiter Begin(long missingBytes)
    {
        _core.Reset();
        _woken = 0;
        if (_waiter is null || !_waiter.TryReset(missingBytes))
        {
            _waiter = new FetchWaiter(missingBytes, OnWake);
        }

        return _waiter;
    }

    /// <summary>Waits for the bytes, a change, the deadline, or the end of the connection. The waiter is off all lists afterwards.</summary>
    public async ValueTask WaitAsync(DeadlineWheel wheel, TimeSpan longest, CancellationToken ending)
    {
        var waiter = _waiter!;
        try
        {
            waiter.Start(wheel, longest);
            await using var registration = ending.UnsafeRegister(static state => ((FetchWait)state!).Wake(), this);
            await new ValueTask(this, _core.Version);
        }
        finally
        {
            waiter.Cancel();
        }
    }

    void IValueTaskSource.GetResult(short token) => _core.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    private void OnWake(FetchWaiter waiter)
    {
        // One that was replaced, since its wake-up was still under way when the next wait began, has no say.
        if (ReferenceEquals(waiter, _waiter))
        {
            Wake();
        }
    }

    private void Wake()
    {
        if (Interlocked.Exchange(ref _woken, 1) == 0)
        {
            _core.SetResult(true);
        }
    }
}
