using System.Globalization;
using System.Text;

namespace OrleansStream.Benchmarks.Availability;

/// <summary>Measures row by row and prints a small table of each.</summary>
internal static class AvailabilityRun
{
    private static readonly IAvailabilityRow[] Rows =
    [
        new LostOwnerRow(isFrozen: false), new LostOwnerRow(isFrozen: true), new StopRow(), new CoordinatorRow(), new JoinRow(), new OperationsRow(), new ManyPartitionsRow(),
        new ThroughputRow(), new LatencyRow(),
    ];

    public static async Task<int> ExecuteAsync(AvailabilityOptions options)
    {
        if (options.List)
        {
            foreach (var row in Rows) Console.WriteLine(row.Name);
            return 0;
        }
        var unknown = options.Rows.Except(Rows.Select(row => row.Name)).ToList();
        if (unknown.Count > 0) throw new ArgumentException($"There is no row {unknown[0]}; --list names them.");

        var report = new StringBuilder();
        foreach (var row in Rows.Where(row => options.Rows.Count == 0 || options.Rows.Contains(row.Name)))
        {
            Console.WriteLine(row.Name);
            var table = Table(row, await row.MeasureAsync(options));
            Console.WriteLine(table);
            report.Append(table).AppendLine();
        }
        if (options.OutputFile is { } file) await File.WriteAllTextAsync(file, report.ToString());
        return 0;
    }

    private static string Table(IAvailabilityRow row, IReadOnlyList<IReadOnlyList<string>> lines)
    {
        var table = new StringBuilder();
        table.AppendLine(CultureInfo.InvariantCulture, $"| {string.Join(" | ", row.Columns)} |");
        table.AppendLine(CultureInfo.InvariantCulture, $"| --- |{string.Concat(Enumerable.Repeat(" ---: |", row.Columns.Count - 1))}");
        foreach (var line in lines) table.AppendLine(CultureInfo.InvariantCulture, $"| {string.Join(" | ", line)} |");
        return table.ToString();
    }
}
