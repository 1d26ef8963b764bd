using System.Globalization;
using OrleansStream.Abstractions.Cluster;
using OrleansStream.Abstractions.Partitions;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Coordination.Placement;
using OrleansStream.Grains.Cluster;
using OrleansStream.Log;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains.Partitions;

/// <summary>
/// The one way in which partitions are opened here, for grains, connections, journals, moves and the start alike: only those that placement gives to this
/// broker, for whoever opens one takes it from a broker that serves it. That one claim runs at a time is the log's promise.
/// </summary>
internal sealed class LocalPartitions(IPartitionLog log, CatalogView view, TopicSettings settings, IClusterView cluster, LocalParts parts) : ILocalPartitions
{
    public ValueTask<OpenResult> OpenAsync(PartitionId partition, CancellationToken cancellationToken) =>
        log.Handles.TryGet(partition, out var serving) && serving.IsOwner
            ? ValueTask.FromResult(new OpenResult(ErrorCode.None, serving.Epoch, null))
            : ClaimAsync(partition, cancellationToken);

    public IPartitionLog Log => log;

    /// <summary>How many journals of groups there are.</summary>
    public int GroupPartitions => parts.Rules.GroupPartitions;

    /// <summary>Whether this journal of groups is served here, or would be if somebody asked.</summary>
    public bool IsOwnJournal(int index) => cluster.OwnerOf(new PartitionId(HiddenTopics.Groups, index)) == cluster.Self;

    /// <summary>Nothing is opened here any more.</summary>
    public bool IsDraining { get; private set; }

    /// <summary>Opens nothing from here on: what is asked for belongs to another broker soon, or to the next process.</summary>
    public void BeginDraining() => IsDraining = true;

    public (long TotalBytes, long UsableBytes) Volume => log.Volume;

    public LeaderEpoch? EpochOf(PartitionId partition)
    {
        var own = log.EpochOf(partition);
        return parts.Leaders.Find(partition) is { } leader && (own is not { } epoch || leader.Epoch > epoch) ? leader.Epoch : own;
    }

    public async ValueTask<long?> SizeOfAsync(PartitionId partition, CancellationToken cancellationToken)
    {
        try
        {
            return await log.SizeOfAsync(partition, cancellationToken);
        }
        catch (LogException)
        {
            // Whoever opens the partition hears of it, and so does the log of this broker.
            return null;
        }
    }

    /// <summary>The settings of a partition, open or not; null if this broker does not know it (yet).</summary>
    public PartitionSettings? SettingsOf(PartitionId partition)
    {
        if (HiddenTopics.Contains(partition.Topic))
        {
            return settings.OfJournals;
        }

        return view.Current.Find(partition.Topic) is { } topic && partition.Index < topic.PartitionCount ? settings.Of(topic.Configs) : null;
    }

    /// <summary>What people call a partition, such as orders-3; null if this broker does not know it (yet).</summary>
    public string? NameOf(PartitionId partition) => PartitionNames.Of(partition, view.Current.Find(partition.Topic));

    /// <summary>As <see cref="OpenAsync"/>, for those who work with the handle.</summary>
    /// <exception cref="LogException">Storage failed.</exception>
    public ValueTask<OpenedHandle> OpenHandleAsync(PartitionId partition, CancellationToken cancellationToken)
    {
        if (log.Handles.TryGet(partition, out var serving) && serving.IsOwner)
        {
            return ValueTask.FromResult(new OpenedHandle(ErrorCode.None, serving));
        }

        var owner = cluster.PlacedOn(partition);
        return IsDraining ? ValueTask.FromResult(new OpenedHandle(ErrorCode.NotLeaderOrFollower, null, owner == cluster.Self ? null : owner))
            : owner != cluster.Self ? ValueTask.FromResult(new OpenedHandle(ErrorCode.NotLeaderOrFollower, null, owner))
            : SettingsOf(partition) is { } wanted ? log.OpenAsync(partition, wanted, cancellationToken)
            : ValueTask.FromResult(new OpenedHandle(ErrorCode.UnknownTopicOrPartition, null));
    }

    public async Task<DeleteRecordsResult> DeleteRecordsAsync(PartitionId partition, Offset before, CancellationToken cancellationToken)
    {
        if (!log.Handles.TryGet(partition, out var handle) || !handle.IsOwner)
        {
            return new DeleteRecordsResult(ErrorCode.NotLeaderOrFollower, Offset.None);
        }

        var target = before == Offset.None ? handle.HighWatermark : before;
        var error = await log.MoveLogStartAsync(handle, target, cancellationToken);
        return new DeleteRecordsResult(error, error == ErrorCode.None ? handle.LogStart : Offset.None);
    }

    private async ValueTask<OpenResult> ClaimAsync(PartitionId partition, CancellationToken cancellationToken)
    {
        var opened = await OpenHandleAsync(partition, cancellationToken);
        return new OpenResult(opened.Error, opened.Handle?.Epoch ?? LeaderEpoch.None, opened.Owner);
    }
}

/// <summary>What is known of partitions beside their logs.</summary>
internal sealed record LocalParts(PartitionLeaders Leaders, PlacementRules Rules);
