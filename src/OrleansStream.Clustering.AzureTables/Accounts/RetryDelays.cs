namespace OrleansStream.Clustering.AzureTables.Accounts;

/// <summary>Pauses between tries, doubling.</summary>
internal static class RetryDelays
{
    /// <summary>Longer pauses would let a broker that could come back be taken for dead.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    /// <summary>The pause after a failed try, the first of which is number 0.</summary>
    public static TimeSpan After(int attempt, TimeSpan first)
    {
        var delay = first * Math.Pow(2, Math.Min(attempt, 30));
        return delay < Longest ? delay : Longest;
    }
}
