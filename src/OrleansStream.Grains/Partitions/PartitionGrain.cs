using OrleansStream.Abstractions.Cluster;
using OrleansStream.Abstractions.Partitions;
using OrleansStream.Grains.Placement;
using OrleansStream.Log.Serving;
using OrleansStream.Model;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains.Partitions;

/// <summary>Opens one partition on this broker and takes it away again. Appends and fetches go to the handle that the log publishes.</summary>
// KeepAlive: traffic goes round the grain, so Orleans would take the busiest partition for an idle one.
[PartitionPlacement, KeepAlive]
internal sealed class PartitionGrain(IPartitionLog log, ILocalPartitions partitions, IClusterView cluster) : Grain, IPartitionGrain
{
    private PartitionId Id => PartitionId.Parse(this.GetPrimaryKeyString());

    // For callers elsewhere; connections of this broker go to the same opener without a grain between.
    public async Task<OpenResult> EnsureOpenAsync(CancellationToken cancellationToken)
    {
        try
        {
            // The claim runs on, whoever stops waiting: half a claim is worse than a late one.
            var opened = await partitions.OpenAsync(Id, CancellationToken.None).AsTask().WaitAsync(Limits.GrainCall, cancellationToken);
            GoIfPlacedElsewhere(opened.Error);
            return opened;
        }
        catch (TimeoutException)
        {
            return new OpenResult(ErrorCode.LeaderNotAvailable, LeaderEpoch.None, null);
        }
    }

    public async Task<DeleteRecordsResult> DeleteRecordsAsync(Offset before, CancellationToken cancellationToken)
    {
        var result = await partitions.DeleteRecordsAsync(Id, before, cancellationToken);
        GoIfPlacedElsewhere(result.Error);
        return result;
    }

    public async Task DeleteAsync(CancellationToken cancellationToken)
    {
        await log.DeleteAsync(Id, cancellationToken);

        // Nobody asks for this partition again: its topic's id is never used twice.
        DeactivateOnIdle();
    }

    // The next caller's grain is placed anew. A claim that merely failed here stays here.
    private void GoIfPlacedElsewhere(ErrorCode error)
    {
        if (error == ErrorCode.NotLeaderOrFollower && cluster.PlacedOn(Id) != cluster.Self)
        {
            DeactivateOnIdle();
        }
    }
}
