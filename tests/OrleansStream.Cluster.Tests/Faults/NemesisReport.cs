using System.Diagnostics;
using System.Globalization;
using System.Text;
using OrleansStream.Cluster.Tests.Histories;
using OrleansStream.Testing.Brokers;

namespace OrleansStream.Cluster.Tests.Faults;

/// <summary>What a run did and found.</summary>
/// <param name="Ends">Brokers that ended by themselves and were started again.</param>
internal sealed record NemesisReport(string Cluster, NemesisOptions Options, History History, IReadOnlyList<DoneRound> Rounds, IReadOnlyList<string> Ends)
{
    private const int Shown = 20;

    // Of a broker's log; all of it is kept beside the report.
    private const int ShownLines = 12;
    private const int ShownWidth = 300;

    public required TimeSpan Time { get; init; }

    public required int Assignments { get; init; }

    public required IReadOnlyList<Violation> Violations { get; init; }

    public string Verdict => Violations.Count == 0 ? "no violation" : $"{Violations.Count} violations";

    private IEnumerable<Fault> Faults => Rounds.SelectMany(round => round.Faults);

    /// <summary>The report as it is kept.</summary>
    public string ToMarkdown()
    {
        var text = new StringBuilder();
        text.AppendLine(Invariant($"# Nemesis, seed {Options.Seed}: {Verdict}"));
        text.AppendLine();
        text.AppendLine(Invariant($"{Cluster}, commit {Commit()}, {Environment.ProcessorCount} cores, {Time.TotalMinutes:0.0} minutes, {Faults.Count()} faults in {Rounds.Count} rounds."));
        text.AppendLine();
        AppendFaults(text);
        AppendWork(text);
        AppendFindings(text);
        return text.ToString();
    }

    public override string ToString() => ToMarkdown();

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);

    // The source that was tried; with a mark where files differ from it.
    private static string Commit()
    {
        var start = new ProcessStartInfo("git") { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Repository.Root };
        foreach (var argument in (string[])["describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]) start.ArgumentList.Add(argument);
        try
        {
            using var git = Process.Start(start);
            return git?.StandardOutput.ReadToEnd().Trim() is { Length: > 0 } commit ? commit : "unknown";
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "unknown";
        }
    }

    private static string Brief(string text)
    {
        var lines = text.Split('\n');
        var shown = lines.Length <= ShownLines ? lines : [lines[0], $"({lines.Length - ShownLines} lines left out)", .. lines[^(ShownLines - 1)..]];
        return string.Join('\n', shown.Select(static line => line.Length <= ShownWidth ? line : line[..ShownWidth] + "..."));
    }

    private static string Seconds(IReadOnlyList<TimeSpan> sorted, double share) =>
        sorted.Count == 0 ? "" : sorted[(int)Math.Min(sorted.Count - 1, sorted.Count * share)].TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture);

    private void AppendFaults(StringBuilder text)
    {
        text.AppendLine("| fault | count | every partition written after, p50 s | worst s | read by all after, p50 s | worst s |");
        text.AppendLine("| --- | ---: | ---: | ---: | ---: | ---: |");
        foreach (var kind in Faults.Select(fault => fault.Kind).Distinct().Order())
        {
            var rounds = Rounds.Where(round => round.Faults.Any(fault => fault.Kind == kind)).ToList();
            var written = rounds.Select(round => round.WrittenAfter).Order().ToList();
            var read = rounds.Select(round => round.ReadAfter).Order().ToList();
            text.AppendLine(Invariant($"| {kind} | {Faults.Count(fault => fault.Kind == kind)} | {Seconds(written, 0.5)} | {Seconds(written, 1)} | {Seconds(read, 0.5)} | {Seconds(read, 1)} |"));
        }
        text.AppendLine();
        text.AppendLine("Times count from the end of the round's last fault: for a broker that was ended, from when it served again.");
        text.AppendLine();
    }

    private void AppendWork(StringBuilder text)
    {
        var outcomes = History.Appends.CountBy(append => append.Outcome).ToDictionary();
        var stored = History.Logs.SelectMany(log => log.Value.Select(record => (Partition: log.Key, record.Name))).ToHashSet();
        var late = History.Appends.Count(append => append.Outcome != AppendOutcome.Acknowledged && stored.Contains((append.Partition, append.Name)));
        var epochs = History.Logs.Values.Sum(log => log.Select(record => record.Epoch).Distinct().Count());
        text.AppendLine(Invariant($"- Records: {outcomes.GetValueOrDefault(AppendOutcome.Acknowledged)} acknowledged, {outcomes.GetValueOrDefault(AppendOutcome.Refused)} refused, {outcomes.GetValueOrDefault(AppendOutcome.Unknown)} of unknown fate; {stored.Count} in the log, {late} of them never acknowledged."));
        text.AppendLine(Invariant($"- Readers were handed {History.Polls.Count} records; {History.Commits.Count(commit => commit.IsAcknowledged)} of {History.Commits.Count} commits were acknowledged, {History.CommittedOffsets.Count} committed offsets answered."));
        text.AppendLine(Invariant($"- {epochs} epochs of {History.Logs.Count} partitions hold records; members were given partitions {Assignments} times."));
        text.AppendLine(Invariant($"- Brokers ended by themselves {Ends.Count} times and were started again."));
        text.AppendLine();
    }

    private void AppendFindings(StringBuilder text)
    {
        if (Violations.Count == 0)
        {
            text.AppendLine("No violation: nothing acknowledged was lost, moved, duplicated or reordered, no reader skipped or went back, no committed offset went back, no two brokers acknowledged in one epoch.");
        }
        foreach (var kind in Violations.GroupBy(violation => violation.Kind).OrderBy(group => group.Key))
        {
            text.AppendLine(Invariant($"## {kind.Key}: {kind.Count()}"));
            text.AppendLine();
            foreach (var violation in kind.Take(Shown)) text.AppendLine(Invariant($"- {Brief(violation.What)}"));
            text.AppendLine();
        }
        if (Violations.Count == 0 || Ends.Count == 0) return;
        text.AppendLine("## Brokers that ended by themselves");
        text.AppendLine();
        foreach (var end in Ends.Take(Shown)) text.AppendLine(Invariant($"```text\n{Brief(end)}\n```"));
    }
}
