using System.Globalization;

namespace OrleansStream.Cluster.Tests.Faults;

/// <summary>What a run does; the script sets it by environment variables.</summary>
/// <param name="Time">How long faults go on; null for one of each kind.</param>
/// <param name="ReportFile">Where the report goes as markdown; null for nowhere.</param>
internal sealed record NemesisOptions(int Seed, TimeSpan? Time, string? ReportFile)
{
    private const int UsualSeed = 20_252;

    public static NemesisOptions FromEnvironment()
    {
        var minutes = Variable("MINUTES") is { } text ? double.Parse(text, CultureInfo.InvariantCulture) : (double?)null;
        return new(
            Variable("SEED") is { } seed ? int.Parse(seed, CultureInfo.InvariantCulture) : UsualSeed,
            minutes is { } some ? TimeSpan.FromMinutes(some) : null,
            Variable("REPORT"));
    }

    private static string? Variable(string name) => Environment.GetEnvironmentVariable($"ORLEANSSTREAM_NEMESIS_{name}") is { Length: > 0 } value ? value : null;
}
