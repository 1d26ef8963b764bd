using OrleansStream.Abstractions.Partitions;
using OrleansStream.Log.Serving;
using OrleansStream.Model;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains.Partitions;

/// <summary>Opens one partition on this broker and takes it away again. Appends and fetches go to the handle that the log publishes.</summary>
// KeepAlive: traffic goes round the grain, so Orleans would take the busiest partition for an idle one.
[KeepAlive]
internal sealed class PartitionGrain(IPartitionLog log, ILocalPartitions partitions) : Grain, IPartitionGrain
{
    private PartitionId Id => PartitionId.Parse(this.GetPrimaryKeyString());

    // For callers elsewhere; connections of this broker go to the same opener without a grain between.
    public async Task<OpenResult> EnsureOpenAsync(CancellationToken cancellationToken)
    {
        try
        {
            // The claim runs on, whoever stops waiting: half a claim is worse than a late one.
            return await partitions.OpenAsync(Id, CancellationToken.None).AsTask().WaitAsync(Limits.GrainCall, cancellationToken);
        }
        catch (TimeoutException)
        {
            return new OpenResult(ErrorCode.LeaderNotAvailable, LeaderEpoch.None, null);
        }
    }

    public async Task<DeleteRecordsResult> DeleteRecordsAsync(Offset before, CancellationToken cancellationToken)
    {
        if (!log.Handles.TryGet(Id, out var handle) || !handle.IsOwner)
        {
            return new DeleteRecordsResult(ErrorCode.NotLeaderOrFollower, Offset.None);
        }

        var target = before == Offset.None ? handle.HighWatermark : before;
        var error = await log.MoveLogStartAsync(handle, target, cancellationToken);
        return new DeleteRecordsResult(error, error == ErrorCode.None ? handle.LogStart : Offset.None);
    }

    public async Task DeleteAsync(CancellationToken cancellationToken)
    {
        await log.DeleteAsync(Id, cancellationToken);

        // Nobody asks for this partition again: its topic's id is never used twice.
        DeactivateOnIdle();
    }
}
