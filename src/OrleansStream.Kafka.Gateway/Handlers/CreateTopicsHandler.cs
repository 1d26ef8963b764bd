using System.Collections.Immutable;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Kafka.Gateway.Configs;
using OrleansStream.Kafka.Gateway.Connections;
using OrleansStream.Kafka.Gateway.Dispatch;
using OrleansStream.Kafka.Gateway.Partitions;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Options.Configs;

namespace OrleansStream.Kafka.Gateway.Handlers;

/// <summary>Creates topics, or only says whether it would. A topic is in Metadata when its creation is answered.</summary>
internal sealed class CreateTopicsHandler(TopicCreator creator, ConfigListing configs, ClusterDirectory directory, CatalogView catalog, GatewaySurroundings surroundings)
    : ApiHandler<CreateTopicsRequest>(ApiKey.CreateTopics)
{
    private const int Default = -1;
    private const short FirstWithConfigs = 5;

    protected override async ValueTask<IResponse> HandleAsync(CreateTopicsRequest request, RequestContext context)
    {
        var response = new CreateTopicsResponse();
        var names = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var topic in request.Topics)
        {
            names[topic.Name] = names.GetValueOrDefault(topic.Name) + 1;
        }

        // Beside one another: each waits for its own durable write, and one block carries many of them.
        var creations = new List<Task<CreateTopicsResponse.Topic>>();
        foreach (var topic in request.Topics)
        {
            var times = names[topic.Name];
            names[topic.Name] = 0;
            if (times > 0)
            {
                creations.Add(times == 1 ? CreateAsync(topic, request, context) : Task.FromResult(Failed(topic, ErrorCode.InvalidRequest, "The request names this topic twice.", context)));
            }
        }

        response.Topics.AddRange(await Task.WhenAll(creations));
        return response;
    }

    private async Task<CreateTopicsResponse.Topic> CreateAsync(CreateTopicsRequest.Topic topic, CreateTopicsRequest request, RequestContext context)
    {
        var (error, message) = Check(topic);
        if (error != ErrorCode.None)
        {
            return Failed(topic, error, message, context);
        }

        var change = await creator.CreateAsync(topic.Name, Translate(topic, request.ValidateOnly), TimeSpan.FromMilliseconds(Math.Max(request.TimeoutMs, 0)), context.Gone);
        if (change.Error != ErrorCode.None || change.Topic is not { } created)
        {
            return Failed(topic, change.Error == ErrorCode.None ? ErrorCode.UnknownServerError : change.Error, change.Message, context);
        }

        return new()
        {
            Name = created.Name,
            TopicId = created.Id,
            NumPartitions = created.PartitionCount,
            ReplicationFactor = created.ReplicationFactor,
            Configs = context.Version >= FirstWithConfigs ? configs.OfNew(created) : null,
        };
    }

    private static CreateTopicsResponse.Topic Failed(CreateTopicsRequest.Topic topic, ErrorCode error, string? message, RequestContext context) =>
        new() { Name = topic.Name, ErrorCode = context.Count(error), ErrorMessage = message, Configs = context.Version >= FirstWithConfigs ? [] : null };

    private (ErrorCode Error, string? Message) Check(CreateTopicsRequest.Topic topic)
    {
        if (!TopicNames.IsLegal(topic.Name) || InternalTopics.Contains(topic.Name))
        {
            return (ErrorCode.InvalidTopicException, $"'{topic.Name}' is no name for a topic: 1 to 249 letters, digits, '.', '_' and '-', and none that the broker keeps for itself.");
        }

        if (catalog.Current.Find(topic.Name) is not null)
        {
            // Before anything else that may be wrong: tools create what may exist, and look for this code alone.
            return (ErrorCode.TopicAlreadyExists, $"Topic '{topic.Name}' already exists.");
        }

        var fault = topic.Assignments.Count > 0 ? CheckAssignments(topic) : CheckNumbers(topic);
        return fault.Error != ErrorCode.None ? fault : CheckConfigs(topic);
    }

    private (ErrorCode Error, string? Message) CheckNumbers(CreateTopicsRequest.Topic topic)
    {
        // Versions before 4 did not say that -1 is the default, but Kafka gives it to them too.
        var most = surroundings.Options.MaxPartitionsPerTopic;
        if (topic.NumPartitions < 1 && topic.NumPartitions != Default)
        {
            return (ErrorCode.InvalidPartitions, "Number of partitions must be larger than 0.");
        }

        if (topic.NumPartitions > most)
        {
            return (ErrorCode.InvalidPartitions, $"Number of partitions is {topic.NumPartitions}; at most {most} are allowed.");
        }

        return (topic.ReplicationFactor < 1 && topic.ReplicationFactor != Default) || topic.ReplicationFactor > surroundings.Options.MaxReplicationFactor
            ? (ErrorCode.InvalidReplicationFactor, $"Replication factor is {topic.ReplicationFactor}; it must be between 1 and {surroundings.Options.MaxReplicationFactor}.")
            : (ErrorCode.None, null);
    }

    // Storage replicates by itself, so an assignment says no more than how many partitions and replicas there are. It must be one that Kafka would take.
    private (ErrorCode Error, string? Message) CheckAssignments(CreateTopicsRequest.Topic topic)
    {
        if (topic.NumPartitions != Default || topic.ReplicationFactor != Default)
        {
            return (ErrorCode.InvalidRequest, "Replicas are assigned by hand, so both numbers must be -1.");
        }

        var indexes = new HashSet<int>();
        var replicas = topic.Assignments[0].BrokerIds.Count;
        foreach (var assignment in topic.Assignments)
        {
            if (!indexes.Add(assignment.PartitionIndex) || replicas == 0 || assignment.BrokerIds.Count != replicas || !directory.AreDistinctBrokers(assignment.BrokerIds))
            {
                return (ErrorCode.InvalidReplicaAssignment, $"The assignment of partition {assignment.PartitionIndex} is not one of {replicas} different live brokers.");
            }
        }

        return indexes.Count <= surroundings.Options.MaxPartitionsPerTopic && indexes.SetEquals(Enumerable.Range(0, indexes.Count))
            ? (ErrorCode.None, null)
            : (ErrorCode.InvalidReplicaAssignment, "Partitions must be numbered from 0 without a gap.");
    }

    private static (ErrorCode Error, string? Message) CheckConfigs(CreateTopicsRequest.Topic topic)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var config in topic.Configs)
        {
            if (config.Value is null)
            {
                return (ErrorCode.InvalidConfig, $"Null value not supported for topic configs: {config.Name}");
            }

            // A config that is named twice has its last value, as in Kafka.
            values[config.Name] = config.Value.Trim();
        }

        return TopicConfigs.Check(values) is { } fault ? (ErrorCode.InvalidConfig, fault) : (ErrorCode.None, null);
    }

    private CreateTopic Translate(CreateTopicsRequest.Topic topic, bool validateOnly)
    {
        var byHand = topic.Assignments.Count > 0;
        var partitions = byHand ? topic.Assignments.Count : topic.NumPartitions == Default ? surroundings.Options.DefaultPartitions : topic.NumPartitions;
        var replicas = byHand ? (short)topic.Assignments[0].BrokerIds.Count : topic.ReplicationFactor == Default ? surroundings.Options.DefaultReplicationFactor : topic.ReplicationFactor;
        var values = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var config in topic.Configs)
        {
            values[config.Name] = config.Value!.Trim();
        }

        return new CreateTopic(new TopicId(Guid.NewGuid()), partitions, replicas, values.ToImmutable(), validateOnly);
    }
}
