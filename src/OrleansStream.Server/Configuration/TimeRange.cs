namespace OrleansStream.Server.Configuration;

/// <summary>Holds times to their ranges: a timer takes 49 days at most, and a time that is too long or negative would fail only when it is used.</summary>
internal static class TimeRange
{
    /// <summary>As far as Kafka's own configs reach: they are milliseconds in 32 bits.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(int.MaxValue);

    /// <summary>The sentence that refuses a time; null if it lies in its range, both ends included.</summary>
    public static string? Wrong(string name, TimeSpan value, TimeSpan least, TimeSpan most) =>
        value >= least && value <= most ? null : $"{name} is {value}; it must be between {least} and {most}.";

    /// <exception cref="StartupException">The time lies outside.</exception>
    public static void Check(string section, string name, TimeSpan value, TimeSpan least, TimeSpan most)
    {
        if (Wrong(name, value, least, most) is { } wrong)
        {
            throw new StartupException($"{section}:{wrong}");
        }
    }
}
