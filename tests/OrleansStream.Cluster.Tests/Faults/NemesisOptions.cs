using System.Globalization;

namespace OrleansStream.Cluster.Tests.Faults;

/// <summary>What a run does; the script sets it by environment variables.</summary>
/// <param name="Time">How long faults go on; null for one of each kind.</param>
/// <param name="Kinds">The faults that are wanted, by name; empty for all.</param>
/// <param name="ReportFile">Where the report goes as markdown; null for nowhere.</param>
internal sealed record NemesisOptions(int Seed, TimeSpan? Time, IReadOnlyList<FaultKind> Kinds, string? ReportFile)
{
    private const int UsualSeed = 20_252;

    /// <summary>One of each kind, by the usual seed.</summary>
    public static NemesisOptions Usual { get; } = new(UsualSeed, Time: null, Kinds: [], ReportFile: null);

    public static NemesisOptions FromEnvironment()
    {
        var minutes = Variable("MINUTES") is { } text ? double.Parse(text, CultureInfo.InvariantCulture) : (double?)null;
        return new(
            Variable("SEED") is { } seed ? int.Parse(seed, CultureInfo.InvariantCulture) : UsualSeed,
            minutes is { } some ? TimeSpan.FromMinutes(some) : null,
            [.. (Variable("KINDS") ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(name => Enum.Parse<FaultKind>(name))],
            Variable("REPORT"));
    }

    public bool Wants(FaultKind kind) => Kinds.Count == 0 || Kinds.Contains(kind);

    private static string? Variable(string name) => Environment.GetEnvironmentVariable($"ORLEANSSTREAM_NEMESIS_{name}") is { Length: > 0 } value ? value : null;
}
