namespace OrleansStream.Log.Serving;

/// <summary>What an operator is to know of a log that runs.</summary>
/// <param name="IsServing">Whether it is worth sending clients here. A full disk is: reading, committing offsets and deleting go on.</param>
/// <param name="Trouble">A sentence; null if there is nothing to say.</param>
public readonly record struct LogHealth(bool IsServing, string? Trouble)
{
    /// <summary>How long a log may be between two sessions before it counts as out of service: a disk that failed once has a new one within a second.</summary>
    public static readonly TimeSpan LongestGap = TimeSpan.FromSeconds(5);
}
