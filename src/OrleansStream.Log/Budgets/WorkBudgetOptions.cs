using OrleansStream.Model;
using OrleansStream.Model.Options;

namespace OrleansStream.Log.Budgets;

/// <summary>What background work on a remote store may take from producers and consumers: splitting, merging, deleting, sweeping, closing of dead sessions.</summary>
public sealed class WorkBudgetOptions
{
    public const string Section = "OrleansStream:Background";

    /// <summary>
    /// Bytes read and written in a second. 1 MiB to 16 GiB; 64 MiB unless set. Splitting a lane that is near its bound does not wait for it: a lane that grew
    /// beyond it would make the recovery of this broker longer.
    /// </summary>
    [Between(Limits.MiB, 16 * Limits.GiB)]
    public long BytesPerSecond { get; set; } = 64L * Limits.MiB;

    /// <summary>Requests in a second. 1 to 100,000; 100 unless set. Splitting near the lane's bound does not wait for it either.</summary>
    [Between(1, 100_000)]
    public int OperationsPerSecond { get; set; } = 100;
}
