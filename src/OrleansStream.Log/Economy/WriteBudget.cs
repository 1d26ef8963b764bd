namespace OrleansStream.Log.Economy;

/// <summary>
/// Counts a broker's write operations against what it may spend, and says how hard each latency class is to save. It refuses nothing: whoever must write
/// writes, and the lane waits longer before its next block. Safe for any number of callers.
/// </summary>
/// <remarks>
/// A bucket that fills at the rate that is allowed. Of its last three quarters each belongs to one class: while it empties from three quarters to a half,
/// economy is stretched from not at all to its longest; from a half to a quarter balanced; below that low. Between those the lane settles where what it
/// writes is what flows in, so there is nothing to tune and nothing that swings.
/// </remarks>
public sealed class WriteBudget
{
    // A bucket of fewer would be swung from one class to the next by a single write.
    private const double LeastSaved = 20;

    private const double ShareOfAClass = 0.25;

    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private double _left;
    private long _at;

    /// <param name="operationsPerSecond">What may be spent; more than 0.</param>
    /// <param name="time">Fills the bucket, which is full at first.</param>
    public WriteBudget(double operationsPerSecond, TimeProvider time)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(operationsPerSecond);
        OperationsPerSecond = operationsPerSecond;
        Saved = Math.Max(operationsPerSecond * SavedFor.TotalSeconds, LeastSaved);
        _left = Saved;
        _time = time;
        _at = time.GetTimestamp();
    }

    /// <summary>How much time's worth of operations can be saved up: a burst of that length is free of waiting.</summary>
    public static TimeSpan SavedFor { get; } = TimeSpan.FromMinutes(1);

    public double OperationsPerSecond { get; }

    /// <summary>The most operations that can be saved up, and the largest debt: what is overspent beyond it is forgiven.</summary>
    public double Saved { get; }

    /// <summary>What is left of <see cref="Saved"/>: 1 is all of it, 0 nothing, -1 the largest debt.</summary>
    public double Fill
    {
        get
        {
            lock (_lock)
            {
                Refill();
                return _left / Saved;
            }
        }
    }

    /// <summary>A budget as the options have it; null if they set no bound.</summary>
    public static WriteBudget? From(WriteBudgetOptions options, TimeProvider time) => options.AllowedPerSecond() is { } operations ? new WriteBudget(operations, time) : null;

    /// <summary>How hard a class is to save, from 0 (not at all) to 1 (as hard as it can), when so much is left.</summary>
    public static double PressureOn(LatencyClass latencyClass, double fill) =>
        Math.Clamp((((int)latencyClass + 1) * ShareOfAClass - fill) / ShareOfAClass, 0, 1);

    /// <summary>Operations that were sent and will be charged.</summary>
    public void Spend(int operations)
    {
        lock (_lock)
        {
            Refill();
            _left = Math.Max(_left - operations, -Saved);
        }
    }

    private void Refill()
    {
        var now = _time.GetTimestamp();
        _left = Math.Min(_left + (_time.GetElapsedTime(_at, now).TotalSeconds * OperationsPerSecond), Saved);
        _at = now;
    }
}
