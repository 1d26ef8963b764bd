using OrleansStream.Log.AzureBlobs.Recovery;
using OrleansStream.Log.Budgets;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Upkeep;

/// <summary>What <see cref="SessionWalk"/> takes.</summary>
internal sealed record SessionWalkParts
{
    public required BlobUpkeepStores Stores { get; init; }

    /// <summary>The session of this broker's lane: whatever else is said of it, it is not dead.</summary>
    public required Func<SessionId> CurrentSession { get; init; }

    public required SessionRecovery Recovery { get; init; }

    public required BlobClusterView Cluster { get; init; }

    /// <summary>Asks the owner of the catalog whether the partition's topic exists.</summary>
    public required Func<PartitionId, CancellationToken, ValueTask<bool>> ConfirmTopic { get; init; }

    public required WorkBudget Budget { get; init; }

    public required TimeProvider Time { get; init; }

    /// <summary>Told of what went wrong and is tried again. Must not throw.</summary>
    public required Action<string, Exception?> Note { get; init; }
}
