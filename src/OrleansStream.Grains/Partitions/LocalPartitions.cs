using System.Globalization;
using OrleansStream.Abstractions.Partitions;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Log;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains.Partitions;

/// <summary>The one way in which partitions are opened here, for grains, connections and the start alike. That one claim runs at a time is the log's promise.</summary>
internal sealed class LocalPartitions(IPartitionLog log, CatalogView view, TopicSettings settings) : ILocalPartitions
{
    public ValueTask<OpenResult> OpenAsync(PartitionId partition, CancellationToken cancellationToken) =>
        log.Handles.TryGet(partition, out var serving) && serving.IsOwner
            ? ValueTask.FromResult(new OpenResult(ErrorCode.None, serving.Epoch, null))
            : ClaimAsync(partition, cancellationToken);

    /// <summary>Nothing is opened here any more.</summary>
    public bool IsDraining { get; private set; }

    /// <summary>Opens nothing from here on: what is asked for belongs to another broker soon, or to the next process.</summary>
    public void BeginDraining() => IsDraining = true;

    public (long TotalBytes, long UsableBytes) Volume => log.Volume;

    public LeaderEpoch? EpochOf(PartitionId partition) => log.EpochOf(partition);

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
            return HiddenPartitions.Settings;
        }

        return view.Current.Find(partition.Topic) is { } topic && partition.Index < topic.PartitionCount ? settings.Of(topic.Configs) : null;
    }

    /// <summary>What people call a partition, such as orders-3; null if this broker does not know it (yet).</summary>
    public string? NameOf(PartitionId partition) => PartitionNames.Of(partition, view.Current.Find(partition.Topic));

    private async ValueTask<OpenResult> ClaimAsync(PartitionId partition, CancellationToken cancellationToken)
    {
        if (IsDraining)
        {
            return new OpenResult(ErrorCode.NotLeaderOrFollower, LeaderEpoch.None, null);
        }

        if (SettingsOf(partition) is not { } wanted)
        {
            return new OpenResult(ErrorCode.UnknownTopicOrPartition, LeaderEpoch.None, null);
        }

        var opened = await log.OpenAsync(partition, wanted, cancellationToken);
        return new OpenResult(opened.Error, opened.Handle?.Epoch ?? LeaderEpoch.None, opened.Owner);
    }
}
