namespace OrleansStream.Log.Economy;

/// <summary>How much of something there is in a second, by an average whose weights fall with age: without a list of what was when. Not safe for several callers at once.</summary>
internal sealed class DecayingRate(TimeProvider time)
{
    // Long enough for a broker that writes once in a while, short enough to see a change of configuration.
    private static readonly TimeSpan Memory = TimeSpan.FromMinutes(5);

    private readonly long _began = time.GetTimestamp();
    private long _at = time.GetTimestamp();
    private double _weight;

    public void Add(double amount)
    {
        Decay();
        _weight += amount;
    }

    /// <summary>The rate as of now. In the first minutes an average over what time there was, of at least a second.</summary>
    public double PerSecond()
    {
        Decay();
        var age = Math.Max(time.GetElapsedTime(_began, _at).TotalSeconds, 1);
        return _weight / (Memory.TotalSeconds * (1 - Math.Exp(-age / Memory.TotalSeconds)));
    }

    private void Decay()
    {
        var now = time.GetTimestamp();
        _weight *= Math.Exp(-time.GetElapsedTime(_at, now) / Memory);
        _at = now;
    }
}
