namespace OrleansStream.Log.Economy;

/// <summary>The lingers that a lane goes by. Two blocks of it are at least as far apart as the shortest linger among the frames of the later one.</summary>
public sealed record LaneLinger
{
    /// <summary>Where nobody said otherwise.</summary>
    public const double DefaultMaxStretch = 20;

    // Well below the 30 s after which producers take a request for lost, with as much left for the write itself.
    private static readonly TimeSpan LongestStretched = TimeSpan.FromSeconds(10);

    // What is stretched if a class has no linger.
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(1);

    /// <summary>For a store whose writes cost nothing: each block as soon as it can be written.</summary>
    public static LaneLinger None { get; } = new();

    /// <summary>
    /// For a store that is paid for each write (docs/operations/costs.md). Low is shorter than a write there takes, so that a producer who waits for each
    /// acknowledgement never waits for the linger; balanced is about as long as a write.
    /// </summary>
    public static LaneLinger OfBlobs { get; } = new() { Low = TimeSpan.FromMilliseconds(5), Balanced = TimeSpan.FromMilliseconds(20), Economy = TimeSpan.FromMilliseconds(250) };

    public TimeSpan Low { get; init; }

    public TimeSpan Balanced { get; init; }

    public TimeSpan Economy { get; init; }

    /// <summary>How many times its length a linger may reach.</summary>
    public double MaxStretch { get; init; } = DefaultMaxStretch;

    /// <summary>Whether any class waits at all.</summary>
    public bool IsAny => Low > TimeSpan.Zero || Balanced > TimeSpan.Zero || Economy > TimeSpan.Zero;

    /// <summary>What the operator set, and the store's own for the rest.</summary>
    public static LaneLinger From(LingerOptions options, LaneLinger otherwise) => new()
    {
        Low = options.Low ?? otherwise.Low,
        Balanced = options.Balanced ?? otherwise.Balanced,
        Economy = options.Economy ?? otherwise.Economy,
        MaxStretch = options.MaxStretch,
    };

    /// <summary>The linger of a class that nothing stretches.</summary>
    public TimeSpan Of(LatencyClass latencyClass) => latencyClass switch
    {
        LatencyClass.Low => Low,
        LatencyClass.Balanced => Balanced,
        _ => Economy,
    };

    /// <summary>The linger of a class that is stretched so many times, within its bounds.</summary>
    public TimeSpan Of(LatencyClass latencyClass, double stretch)
    {
        var own = Of(latencyClass);
        if (stretch <= 1) return own;

        var stretched = (own > Shortest ? own : Shortest) * Math.Min(stretch, MaxStretch);
        return stretched < LongestStretched ? stretched : LongestStretched;
    }
}
