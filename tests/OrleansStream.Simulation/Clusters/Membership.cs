namespace OrleansStream.Simulation.Clusters;

/// <summary>Who was declared dead, which is for ever, and when each of the others learns of it.</summary>
internal sealed class Membership(WorldClock clock, Random chance)
{
    private const int LongestDelayMs = 6_000;

    private readonly Dictionary<string, TimeSpan> _dead = [];
    private readonly Dictionary<(string Viewer, string Silo), TimeSpan> _delays = [];

    public void DeclareDead(string silo) => _dead.TryAdd(silo, clock.Now);

    public bool IsDeclaredDead(string silo) => _dead.ContainsKey(silo);

    /// <summary>Whether the viewer knows by now that the silo was declared dead.</summary>
    public bool KnowsDead(string viewer, string silo)
    {
        if (!_dead.TryGetValue(silo, out var since)) return false;
        if (!_delays.TryGetValue((viewer, silo), out var delay)) _delays[(viewer, silo)] = delay = TimeSpan.FromMilliseconds(chance.Next(3) == 0 ? chance.Next(LongestDelayMs) : chance.Next(200));
        return clock.Now >= since + delay;
    }
}
