using OrleansStream.Abstractions.Partitions;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Log.Serving;
using OrleansStream.Model;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains.Partitions;

/// <summary>Opens one partition on this broker and takes it away again. Appends and fetches go to the handle that the log publishes.</summary>
// KeepAlive: traffic goes round the grain, so Orleans would take the busiest partition for an idle one.
[KeepAlive]
internal sealed class PartitionGrain(IPartitionLog log, CatalogView view, TopicSettings settings) : Grain, IPartitionGrain
{
    private PartitionId Id => PartitionId.Parse(this.GetPrimaryKeyString());

    // Callers race to open; the turn-based scheduler lets the first one do it and the others find it done.
    public async Task<OpenResult> EnsureOpenAsync(CancellationToken cancellationToken)
    {
        var id = Id;
        if (log.Handles.TryGet(id, out var serving) && serving.IsOwner)
        {
            return new OpenResult(ErrorCode.None, serving.Epoch, null);
        }

        if (SettingsOf(id) is not { } wanted)
        {
            return new OpenResult(ErrorCode.UnknownTopicOrPartition, LeaderEpoch.None, null);
        }

        try
        {
            // The claim runs on, whoever stops waiting: half a claim is worse than a late one.
            var opened = await log.OpenAsync(id, wanted, CancellationToken.None).AsTask().WaitAsync(Limits.GrainCall, cancellationToken);
            return new OpenResult(opened.Error, opened.Handle?.Epoch ?? LeaderEpoch.None, opened.Owner);
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

    private PartitionSettings? SettingsOf(PartitionId id)
    {
        if (HiddenTopics.Contains(id.Topic))
        {
            return HiddenPartitions.Settings;
        }

        return view.Current.Find(id.Topic) is { } topic && id.Index < topic.PartitionCount ? settings.Of(topic.Configs) : null;
    }
}
