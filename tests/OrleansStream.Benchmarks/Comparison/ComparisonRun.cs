using System.Diagnostics;
using System.Globalization;
using System.IO.Enumeration;
using System.Runtime.InteropServices;
using OrleansStream.Testing.Brokers;

namespace OrleansStream.Benchmarks.Comparison;

/// <summary>Runs the chosen rows, one group of brokers after the other, and prints the table.</summary>
internal static class ComparisonRun
{
    private static readonly IComparisonRow[] Rows =
    [
        .. from size in RecordSize.All from partitions in (int[])[1, 6, 100] select new ProduceRow(size, partitions),
        .. from size in RecordSize.All select new CatchUpRow(size),
        new LatencyRow(),
        new StartRow(),
        new PartitionsRow(1_000),
        new PartitionsRow(10_000),
    ];

    /// <returns>The process' exit code: 1 if a row failed.</returns>
    public static async Task<int> ExecuteAsync(ComparisonOptions options)
    {
        var chosen = Rows.Where(row => options.Rows.Count == 0 || options.Rows.Any(pattern => FileSystemName.MatchesSimpleExpression(pattern, row.Name))).ToList();
        if (chosen.Count == 0 || options.List)
        {
            Console.WriteLine(string.Join('\n', Rows.Select(row => row.Name)));
            return options.List ? 0 : 2;
        }
        if (options.Kafka && Repository.KafkaHome is null)
        {
            Console.Error.WriteLine("KAFKA_HOME is not set: there is nothing to compare with (--ours-only runs our side alone).");
            return 2;
        }

        var scores = new Scoreboard();
        var failures = 0;
        foreach (var synced in options.SyncModes)
        {
            // What does not depend on syncing runs with the last mode only.
            var rows = chosen.Where(row => row.DependsOnSync || synced == options.SyncModes[^1]);
            foreach (var group in rows.GroupBy(row => row.Group))
            {
                await using var arena = new Arena(options, synced);
                foreach (var row in group) failures += await RunAsync(row, arena, scores) ? 0 : 1;
            }
        }
        Publish(options, scores);
        return failures == 0 ? 0 : 1;
    }

    private static async Task<bool> RunAsync(IComparisonRow row, Arena arena, Scoreboard scores)
    {
        try
        {
            await row.RunAsync(arena, scores);
            return true;
        }
        catch (Exception error)
        {
            // The other rows are still worth having after minutes of measuring.
            Console.Error.WriteLine($"{row.Name} failed: {error}");
            return false;
        }
    }

    private static void Publish(ComparisonOptions options, Scoreboard scores)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"""
            Machine: {Environment.ProcessorCount} cores ({ProcessorName()}), {GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1e9:0} GB, {RuntimeInformation.OSDescription}.
            Commit {Commit()}, {TimeProvider.System.GetUtcNow():yyyy-MM-dd}. {options.RunBytes / 1_000_000} MB a run after {options.WarmUpBytes / 1_000_000} MB of warm-up; medians.
            Ours syncs before every acknowledgement{(options.Relaxed is null ? "" : " where Kafka's sync is on")}.

            {scores.Table()}
            """);
        Console.WriteLine();
        Console.WriteLine(text);
        if (options.OutputFile is null) return;
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(options.OutputFile))!);
        File.WriteAllText(options.OutputFile, text);
    }

    private static string ProcessorName() =>
        File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim() ?? "unknown";

    private static string Commit()
    {
        using var git = Process.Start(new ProcessStartInfo("git", ["-C", Repository.Root, "describe", "--always", "--dirty"]) { RedirectStandardOutput = true });
        return git?.StandardOutput.ReadToEnd().Trim() is { Length: > 0 } commit ? commit : "unknown";
    }
}
