using System.Globalization;
using System.Text;

namespace OrleansStream.Benchmarks.Comparison;

/// <summary>All figures of a run; prints each as it comes, and the table of medians at the end.</summary>
internal sealed class Scoreboard
{
    private const double BusyClient = 0.6;
    private readonly List<Entry> _entries = [];

    /// <summary>Notes one round's figure of one side.</summary>
    /// <param name="place">Row name and whether Kafka syncs.</param>
    /// <param name="clientShare">The share of all processors that the client took, 0 to 1; 0 where it does not matter.</param>
    public void Add((string Row, bool Synced) place, Metric metric, Contender side, double value, double clientShare = 0)
    {
        var entry = _entries.Find(entry => entry.Row == place.Row && entry.Synced == place.Synced && entry.Metric == metric);
        if (entry is null) _entries.Add(entry = new(place.Row, place.Synced, metric));
        entry.Values[side].Add(value);
        entry.ClientShares.Add(clientShare);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"  {place.Row,-18} {(place.Synced ? "synced" : "stock"),-7} {side,-6} {metric.Name,-28} {value,10:0.00}{Busy(clientShare)}"));
    }

    /// <summary>The medians, with ratios and goals.</summary>
    public string Table()
    {
        var table = new StringBuilder();
        table.AppendLine("| row | Kafka's sync | figure | ours | Kafka | ours / Kafka | goal | |");
        table.AppendLine("| --- | --- | --- | ---: | ---: | ---: | ---: | --- |");
        foreach (var entry in _entries)
        {
            var (ours, kafka) = (Median(entry.Values[Contender.Ours]), Median(entry.Values[Contender.Kafka]));
            var ratio = ours is null || kafka is null or 0 ? null : ours / kafka;
            var cells = string.Join(" | ", entry.Row, entry.Synced ? "on" : "off", entry.Metric.Name, Text(ours), Text(kafka), Text(ratio), Goal(entry.Metric));
            table.AppendLine(CultureInfo.InvariantCulture, $"| {cells} | {Verdict(entry, ours, ratio)} |");
        }
        return table.ToString();
    }

    private static string Verdict(Entry entry, double? ours, double? ratio)
    {
        var (metric, client) = (entry.Metric, entry.ClientShares.Max());
        if (metric.HigherIsBetter && client > BusyClient) return string.Create(CultureInfo.InvariantCulture, $"client {client:P0} of the machine: judge on CPU");

        var judged = metric.Most is { } most && ours is { } value ? value <= most : (bool?)null;
        if (metric.Goal is { } goal && ratio is { } found) judged = (metric.HigherIsBetter ? found >= goal : found <= goal) && judged != false;
        return judged switch { true => "met", false => "missed", null => "" };
    }

    private static string Goal(Metric metric)
    {
        if (metric.Most is { } most) return string.Create(CultureInfo.InvariantCulture, $"ours ≤ {most:0.##}");
        return metric.Goal is { } goal ? string.Create(CultureInfo.InvariantCulture, $"{(metric.HigherIsBetter ? "≥" : "≤")} {goal:0.00}") : "";
    }

    private static string Text(double? value) => value?.ToString(value >= 100 ? "0" : "0.00", CultureInfo.InvariantCulture) ?? "";

    private static string Busy(double share) => share == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"   client {share:P0}");

    private static double? Median(List<double> values)
    {
        if (values.Count == 0) return null;
        var sorted = values.Order().ToList();
        return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }

    private sealed record Entry(string Row, bool Synced, Metric Metric)
    {
        public Dictionary<Contender, List<double>> Values { get; } = new() { [Contender.Ours] = [], [Contender.Kafka] = [] };

        public List<double> ClientShares { get; } = [];
    }
}
