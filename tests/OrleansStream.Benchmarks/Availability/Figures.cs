using System.Globalization;

namespace OrleansStream.Benchmarks.Availability;

/// <summary>Figures as tables show them.</summary>
internal static class Figures
{
    public static string Seconds(TimeSpan? time) => time is { } some ? some.TotalSeconds.ToString("0.00", CultureInfo.InvariantCulture) : "never";

    public static string Milliseconds(TimeSpan? time) => time is { } some ? some.TotalMilliseconds.ToString("0.0", CultureInfo.InvariantCulture) : "none";

    public static string Number(double number) => number.ToString(number >= 100 ? "0" : "0.0", CultureInfo.InvariantCulture);

    /// <summary>The value at a share of all, 0 to 1; null of none.</summary>
    public static TimeSpan? At(IEnumerable<TimeSpan> times, double share)
    {
        var sorted = times.Order().ToList();
        return sorted.Count == 0 ? null : sorted[(int)Math.Min(sorted.Count - 1, sorted.Count * share)];
    }
}
