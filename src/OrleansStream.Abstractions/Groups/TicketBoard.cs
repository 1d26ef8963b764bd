using System.Collections.Concurrent;

namespace OrleansStream.Abstractions.Groups;

/// <summary>
/// Where connections of this broker wait for answers that a grain gives later: a grain call never lasts as long as a rebalance. The grain
/// opens a ticket before it answers with it, and completes it exactly once, at the latest when it is deactivated.
/// </summary>
public sealed class TicketBoard
{
    private readonly ConcurrentDictionary<long, TaskCompletionSource<object>> _open = new();
    private long _last;

    /// <summary>How many answers are awaited.</summary>
    public int Count => _open.Count;

    public long Open()
    {
        var ticket = Interlocked.Increment(ref _last);

        // The waiter's continuation writes to a socket; it must not run inside the grain's turn.
        _open[ticket] = new TaskCompletionSource<object>(TaskCreationOptions.RunContinuationsAsynchronously);
        return ticket;
    }

    /// <summary>Gives the answer. A ticket whose waiter has gone is completed all the same, and forgotten.</summary>
    public void Complete(long ticket, object answer)
    {
        if (_open.TryGetValue(ticket, out var source))
        {
            source.TrySetResult(answer);
        }
    }

    /// <summary>Waits for the answer; called once for each ticket.</summary>
    /// <exception cref="OperationCanceledException">The connection is gone. The grain still completes the ticket, for nobody.</exception>
    public async Task<T> WaitAsync<T>(long ticket, CancellationToken cancellationToken)
        where T : class
    {
        var source = _open[ticket];
        try
        {
            return (T)await source.Task.WaitAsync(cancellationToken);
        }
        finally
        {
            _open.TryRemove(ticket, out _);
        }
    }
}
