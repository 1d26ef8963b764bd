using OrleansStream.Log.Ownership;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Upkeep;

/// <summary>
/// What the background work of a log on blobs asks of its cluster. Unless set, all of it is somebody else's: nothing is placed here, and nobody is dead.
/// </summary>
public sealed record BlobClusterView
{
    /// <summary>Whether placement names this broker for the partition. Only then does this broker open it by itself.</summary>
    public Func<PartitionId, bool> IsPlacedHere { get; init; } = static _ => false;

    /// <summary>Whether this broker does what one broker does for all: the sweep and the walk over session records. Two that do it at once do no harm, but twice the work.</summary>
    public Func<bool> DoesSharedWork { get; init; } = static () => false;

    /// <summary>
    /// Asks membership and registry for the newest that they know of a session. Whoever is told that it ended fences it, which ends its lane if it lives after
    /// all: no record is lost by that, but its broker begins anew.
    /// </summary>
    public Func<SessionId, CancellationToken, ValueTask<SessionStanding>> StandingOf { get; init; } = static (_, _) => ValueTask.FromResult(SessionStanding.Lives);

    /// <summary>Has the partition opened by the broker that placement names (rule R5). An open one stays as it is. Failing is harmless: it is asked again.</summary>
    public Func<PartitionId, CancellationToken, ValueTask> OpenWherePlaced { get; init; } = static (_, _) => ValueTask.CompletedTask;
}
