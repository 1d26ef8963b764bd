namespace OrleansStream.Log.Brokers;

/// <summary>
/// One measure of time for all that a broker does between the order to stop and its end, whatever storage does meanwhile: whoever gave the order waits for so
/// long and then kills. Each step may take what those before it left, and its end is named here. Safe for any number of callers.
/// </summary>
public sealed class StopBudget : IDisposable
{
    // Handing over is the only step that many partitions make longer. Connections have little to say after it, and the log waits for the blocks on their way.
    private const double HandOverShare = 0.7;
    private const double ConnectionsShare = 0.85;

    // A process that has come to its end but for the last lines of it is not to be cut off.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly Action _exceeded;
    private readonly CancellationTokenSource _handOver = new();
    private readonly CancellationTokenSource _connections = new();
    private readonly CancellationTokenSource _log = new();
    private readonly List<ITimer> _timers = [];
    private bool _isDisposed;

    /// <param name="total">For all of it. What the process needs beside these steps comes on top: about a second.</param>
    /// <param name="time">Measures it.</param>
    /// <param name="exceeded">Called when the process is still there a second after the end: nothing but its end is left to do.</param>
    public StopBudget(TimeSpan total, TimeProvider time, Action exceeded)
    {
        (Total, _time, _exceeded) = (total, time, exceeded);
        HandOverEnds = _handOver.Token;
        ConnectionsEnd = _connections.Token;
        LogEnds = _log.Token;
    }

    public TimeSpan Total { get; }

    /// <summary>Of that, what handing over and ending connections may take together.</summary>
    public TimeSpan ForConnections => Total * ConnectionsShare;

    /// <summary>Cancelled when partitions that nobody has taken are left.</summary>
    public CancellationToken HandOverEnds { get; }

    /// <summary>Cancelled when connections are cut off, and the log ends though its silo may not have.</summary>
    public CancellationToken ConnectionsEnd { get; }

    /// <summary>Cancelled when blocks without an outcome are left.</summary>
    public CancellationToken LogEnds { get; }

    /// <summary>The order came. Called again it changes nothing.</summary>
    public void Begin()
    {
        lock (_gate)
        {
            if (_isDisposed || _timers.Count > 0) return;
            Add(Total * HandOverShare, _handOver.Cancel);
            Add(ForConnections, _connections.Cancel);
            Add(Total, _log.Cancel);
            Add(Total + Grace, _exceeded);
        }
    }

    /// <summary>All is done: nothing is called any more.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            foreach (var timer in _timers) timer.Dispose();
        }
    }

    private void Add(TimeSpan due, Action step) => _timers.Add(_time.CreateTimer(static step => ((Action)step!)(), step, due, Timeout.InfiniteTimeSpan));
}
