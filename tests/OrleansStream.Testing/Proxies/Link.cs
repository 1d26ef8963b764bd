namespace OrleansStream.Testing.Proxies;

/// <summary>
/// The way between two processes, as many connections as it may have: a place to put a <see cref="LinkFault"/>. Safe for any number of callers.
/// </summary>
/// <param name="name">What reports call it.</param>
/// <param name="time">Ends delays; the system's unless a test turns it.</param>
/// <param name="seed">Chooses the requests that <see cref="LinkFault.Answer"/> hits.</param>
public sealed class Link(string name, TimeProvider? time = null, int seed = 0)
{
    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly Lock _lock = new();
    private readonly Random _random = new(seed);
    private readonly HashSet<ProxiedConnection> _connections = [];
    private LinkFault? _fault;
    private TaskCompletionSource _changed = NewChange();

    public string Name => name;

    /// <summary>What is wrong with it now; null if nothing.</summary>
    public LinkFault? Fault
    {
        get
        {
            lock (_lock) return _fault;
        }
    }

    /// <summary>Connections that are open now.</summary>
    public int Connections
    {
        get
        {
            lock (_lock) return _connections.Count;
        }
    }

    /// <summary>Puts a fault in the place of the one before, or with null none; bytes that are on their way notice at once.</summary>
    public void Apply(LinkFault? fault)
    {
        List<ProxiedConnection> cut = [];
        TaskCompletionSource changed;
        lock (_lock)
        {
            (_fault, changed, _changed) = (fault, _changed, NewChange());
            if (fault is LinkFault.Cut) cut = [.. _connections];
        }
        changed.SetResult();
        foreach (var connection in cut) connection.Reset();
    }

    /// <summary>False if the connection must be reset at once.</summary>
    internal bool TryJoin(ProxiedConnection connection)
    {
        lock (_lock) return _fault is not LinkFault.Cut && _connections.Add(connection);
    }

    internal void Leave(ProxiedConnection connection)
    {
        lock (_lock) _connections.Remove(connection);
    }

    internal long Now() => _time.GetTimestamp();

    /// <summary>Waits until bytes that came at <paramref name="arrived"/> may go on.</summary>
    internal async ValueTask PassAsync(int bytes, long arrived, CancellationToken cancellationToken)
    {
        while (true)
        {
            LinkFault? fault;
            Task changed;
            lock (_lock) (fault, changed) = (_fault, _changed.Task);
            switch (fault)
            {
                case LinkFault.Hold:
                    await changed.WaitAsync(cancellationToken);
                    break;
                case LinkFault.Delay delay when delay.By - _time.GetElapsedTime(arrived) is var left && left > TimeSpan.Zero:
                    await WaitAsync(left, changed, cancellationToken);
                    break;
                case LinkFault.Slow slow:
                    // The whole time once: after a change the rest of this piece is let go, which no test can tell.
                    await WaitAsync(TimeSpan.FromSeconds((double)bytes / slow.BytesPerSecond), changed, cancellationToken);
                    return;
                default:
                    return;
            }
        }
    }

    /// <summary>What becomes of the request that begins now; null if it goes on as it is.</summary>
    internal LinkFault.Answer? NextRequest()
    {
        lock (_lock) return _fault is LinkFault.Answer answer && _random.NextDouble() < answer.Share ? answer : null;
    }

    private static TaskCompletionSource NewChange() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task WaitAsync(TimeSpan longest, Task changed, CancellationToken cancellationToken)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(Task.Delay(longest, _time, ended.Token), changed);
        await ended.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
    }
}
