using OrleansStream.Abstractions.Topics;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains.Topics;

/// <summary>Orders what happens to one topic name: two changes of a topic never cross. What stands is the catalog's business.</summary>
internal sealed class TopicGrain(IGrainFactory grains, CatalogView view) : Grain, ITopicGrain
{
    private ICatalogGrain Catalog => grains.GetGrain<ICatalogGrain>(0);

    public Task<TopicChange> CreateAsync(CreateTopic request, CancellationToken cancellationToken)
    {
        var name = this.GetPrimaryKeyString();
        if (TopicName.Check(name) is { } badName)
        {
            return Refused(ErrorCode.InvalidTopicException, badName);
        }

        if (view.Current.Find(name) is not null)
        {
            return Refused(ErrorCode.TopicAlreadyExists, $"Topic '{name}' already exists.");
        }

        if (request.PartitionCount is < 1 or > TopicRules.MaxPartitions)
        {
            return Refused(ErrorCode.InvalidPartitions, $"Number of partitions was set to an invalid value: {request.PartitionCount}; it must be from 1 to {TopicRules.MaxPartitions}.");
        }

        if (TopicRules.Check(request.Configs) is { } badConfig)
        {
            return Refused(ErrorCode.InvalidConfig, badConfig);
        }

        var topic = new Topic
        {
            Id = new TopicId(Guid.NewGuid()),
            Name = name,
            PartitionCount = request.PartitionCount,
            ReplicationFactor = request.ReplicationFactor,
            Configs = request.Configs,
        };
        if (!request.ValidateOnly)
        {
            return Catalog.PutAsync(topic, create: true, cancellationToken);
        }

        return view.Current.FindColliding(name) is { } other
            ? Refused(ErrorCode.InvalidTopicException, $"Topic '{name}' collides with existing topic: {other.Name}")
            : Task.FromResult(Valid(topic));
    }

    public Task<TopicChange> DeleteAsync(TopicId? expected, CancellationToken cancellationToken)
    {
        var topic = Find();

        // Whoever names an id means that topic and no other, also if the name was given away between the look-up and this turn.
        return expected is { } id && id != topic?.Id ? Refused(ErrorCode.UnknownTopicId, $"There is no topic with the id {id} any more.")
            : topic is not null ? Catalog.RemoveAsync(topic.Name, topic.Id, cancellationToken)
            : Unknown();
    }

    public Task<TopicChange> GrowAsync(int partitionCount, bool validateOnly, CancellationToken cancellationToken)
    {
        if (Find() is not { } topic)
        {
            return Unknown();
        }

        if (topic.WhyNotGrownTo(partitionCount) is { } whyNot)
        {
            return Refused(ErrorCode.InvalidPartitions, whyNot);
        }

        if (partitionCount > TopicRules.MaxPartitions)
        {
            return Refused(ErrorCode.InvalidPartitions, $"A topic has at most {TopicRules.MaxPartitions} partitions.");
        }

        var grown = topic with { PartitionCount = partitionCount };
        return validateOnly ? Task.FromResult(Valid(grown)) : Catalog.PutAsync(grown, create: false, cancellationToken);
    }

    public Task<TopicChange> ConfigureAsync(ConfigureTopic request, CancellationToken cancellationToken)
    {
        if (Find() is not { } topic)
        {
            return Unknown();
        }

        var (configs, wrong) = TopicRules.Apply(topic, request);
        if (configs is null)
        {
            return Refused(ErrorCode.InvalidConfig, wrong!);
        }

        var configured = topic with { Configs = configs };
        return request.ValidateOnly ? Task.FromResult(Valid(configured)) : Catalog.PutAsync(configured, create: false, cancellationToken);
    }

    // Reading the local view is safe here: the catalog compares what it is given with what stands, and refuses a change of what is gone.
    private Topic? Find() => view.Current.Find(this.GetPrimaryKeyString());

    private Task<TopicChange> Unknown() => Refused(ErrorCode.UnknownTopicOrPartition, $"The topic '{this.GetPrimaryKeyString()}' does not exist.");

    private static TopicChange Valid(Topic topic) => new(ErrorCode.None, null, topic);

    private static Task<TopicChange> Refused(ErrorCode error, string message) => Task.FromResult(TopicChange.Failed(error, message));
}
