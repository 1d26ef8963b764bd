namespace OrleansStream.Cluster.Tests.Crashes;

/// <summary>What a crash run found.</summary>
/// <param name="Violations">Broken promises; there must not be any.</param>
/// <param name="LongestRestart">From the start of a process after a kill until it said that it serves.</param>
internal sealed record CrashReport(int Kills, int Seed, long Acknowledged, long Unknown, long ReadByGroup, TimeSpan LongestRestart, IReadOnlyList<string> Violations)
{
    private const int Shown = 30;

    public override string ToString() =>
        $"""
        seed {Seed}: {Kills} kills, {Acknowledged} records acknowledged, {Unknown} of unknown fate, {ReadByGroup} read by the group,
        longest restart {LongestRestart.TotalSeconds:0.00} s, {Violations.Count} violations
        {string.Join('\n', Violations.Take(Shown))}
        """;
}
