using OrleansStream.Abstractions.Cluster;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Grains.Placement;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains.Topics;

/// <summary>
/// Orders what happens to one topic name: two changes of a topic never cross. What stands is the catalog's business, and only the catalog is asked for it: the
/// view of a broker that does not own it may be behind. An answer is given when the change is durable, and every live broker has heard of it or a second has passed.
/// </summary>
[CatalogPlacement]
internal sealed class TopicGrain(CatalogView view, IClusterView cluster) : Grain, ITopicGrain
{
    private ICatalogGrain Catalog => GrainFactory.GetGrain<ICatalogGrain>(0);

    private string Name => this.GetPrimaryKeyString();

    public async Task<TopicChange> CreateAsync(CreateTopic request, CancellationToken cancellationToken)
    {
        if (TopicName.Check(Name) is { } badName)
        {
            return TopicChange.Failed(ErrorCode.InvalidTopicException, badName);
        }

        var found = await Catalog.FindAsync(Name, cancellationToken);
        if (found.Topic is { } standing && standing.Id != request.Id)
        {
            return TopicChange.Failed(ErrorCode.TopicAlreadyExists, $"Topic '{Name}' already exists.");
        }

        if (request.PartitionCount is < 1 or > TopicRules.MaxPartitions)
        {
            return TopicChange.Failed(ErrorCode.InvalidPartitions, $"Number of partitions was set to an invalid value: {request.PartitionCount}; it must be from 1 to {TopicRules.MaxPartitions}.");
        }

        if (TopicRules.Check(request.Configs) is { } badConfig)
        {
            return TopicChange.Failed(ErrorCode.InvalidConfig, badConfig);
        }

        var topic = new Topic
        {
            Id = request.Id,
            Name = Name,
            PartitionCount = request.PartitionCount,
            ReplicationFactor = request.ReplicationFactor,
            Configs = request.Configs,
        };
        if (found.Error != ErrorCode.None)
        {
            return Told(found);
        }

        return !request.ValidateOnly ? await PutAsync(topic, null, cancellationToken)
            : view.Current.FindColliding(Name) is { } other ? TopicChange.Failed(ErrorCode.InvalidTopicException, $"Topic '{Name}' collides with existing topic: {other.Name}")
            : Valid(topic);
    }

    public async Task<TopicChange> DeleteAsync(TopicId? expected, CancellationToken cancellationToken)
    {
        var found = await Catalog.FindAsync(Name, cancellationToken);
        if (found.Error != ErrorCode.None)
        {
            return Told(found);
        }

        // Whoever names an id means that topic and no other, also if the name was given away between the look-up and this turn.
        return expected is { } id && id != found.Topic?.Id ? TopicChange.Failed(ErrorCode.UnknownTopicId, $"There is no topic with the id {id} any more.")
            : found.Topic is { } topic ? await SpreadAsync(await Catalog.RemoveAsync(topic.Name, topic.Id, cancellationToken))
            : Unknown();
    }

    public async Task<TopicChange> GrowAsync(int partitionCount, bool validateOnly, CancellationToken cancellationToken)
    {
        var found = await Catalog.FindAsync(Name, cancellationToken);
        if (found is not { Error: ErrorCode.None, Topic: { } topic })
        {
            return found.Error != ErrorCode.None ? Told(found) : Unknown();
        }

        if (topic.WhyNotGrownTo(partitionCount) is { } whyNot)
        {
            return TopicChange.Failed(ErrorCode.InvalidPartitions, whyNot);
        }

        if (partitionCount > TopicRules.MaxPartitions)
        {
            return TopicChange.Failed(ErrorCode.InvalidPartitions, $"A topic has at most {TopicRules.MaxPartitions} partitions.");
        }

        var grown = topic with { PartitionCount = partitionCount };
        return validateOnly ? Valid(grown) : await PutAsync(grown, topic, cancellationToken);
    }

    public async Task<TopicChange> ConfigureAsync(ConfigureTopic request, CancellationToken cancellationToken)
    {
        var found = await Catalog.FindAsync(Name, cancellationToken);
        if (found is not { Error: ErrorCode.None, Topic: { } topic })
        {
            return found.Error != ErrorCode.None ? Told(found) : Unknown();
        }

        var (configs, wrong) = TopicRules.Apply(topic, request);
        if (configs is null)
        {
            return TopicChange.Failed(ErrorCode.InvalidConfig, wrong!);
        }

        var configured = topic with { Configs = configs };
        return request.ValidateOnly ? Valid(configured) : await PutAsync(configured, topic, cancellationToken);
    }

    private async Task<TopicChange> PutAsync(Topic topic, Topic? basis, CancellationToken cancellationToken) =>
        await SpreadAsync(await Catalog.PutAsync(topic, basis, cancellationToken));

    private async Task<TopicChange> SpreadAsync(TopicChange change)
    {
        if (change.Error == ErrorCode.None)
        {
            await Catalog.SpreadAsync();
        }

        return Told(change);
    }

    // The catalog has moved, or is moving: the next caller's grain follows it.
    private TopicChange Told(TopicChange change)
    {
        if (change.Error == ErrorCode.RequestTimedOut && cluster.PlacedOn(HiddenTopics.CatalogPartition) != cluster.Self)
        {
            DeactivateOnIdle();
        }

        return change;
    }

    private TopicChange Unknown() => TopicChange.Failed(ErrorCode.UnknownTopicOrPartition, $"The topic '{Name}' does not exist.");

    private static TopicChange Valid(Topic topic) => new(ErrorCode.None, null, topic);
}
