namespace OrleansStream.Simulation.Clusters;

/// <summary>Who was declared dead, which is for ever, and when each of the others learns of it.</summary>
internal sealed class Membership(WorldClock clock, Random chance)
{
    private const int LongestDelayMs = 6_000;

    private readonly Dictionary<string, TimeSpan> _dead = [];
    private readonly Dictionary<(string Viewer, string Silo), TimeSpan> _delays = [];

    /// <summary>Somebody was declared dead, joined, or has another session; told when the last of the others knows it.</summary>
    public event Action? Changed;

    public void DeclareDead(string silo)
    {
        if (_dead.TryAdd(silo, clock.Now)) Tell();
    }

    /// <summary>Somebody joined, or says something else of itself.</summary>
    public void OnRecord() => Tell();

    private void Tell() => clock.In(TimeSpan.FromMilliseconds(LongestDelayMs), () => Changed?.Invoke());

    public bool IsDeclaredDead(string silo) => _dead.ContainsKey(silo);

    /// <summary>Whether the viewer knows by now that the silo was declared dead.</summary>
    public bool KnowsDead(string viewer, string silo)
    {
        if (!_dead.TryGetValue(silo, out var since)) return false;
        if (!_delays.TryGetValue((viewer, silo), out var delay)) _delays[(viewer, silo)] = delay = TimeSpan.FromMilliseconds(chance.Next(3) == 0 ? chance.Next(LongestDelayMs) : chance.Next(200));
        return clock.Now >= since + delay;
    }
}
