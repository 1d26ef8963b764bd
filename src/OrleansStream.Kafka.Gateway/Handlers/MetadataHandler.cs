using OrleansStream.Abstractions.Topics;
using OrleansStream.Kafka.Gateway.Dispatch;
using OrleansStream.Kafka.Gateway.Partitions;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Model.Ids;

namespace OrleansStream.Kafka.Gateway.Handlers;

/// <summary>Names brokers, topics and the owners of partitions, from this broker's copy of the catalog. Creates topics where broker and client allow it.</summary>
internal sealed class MetadataHandler(ClusterDirectory directory, CatalogView catalog, ICatalogUpdates updates, TopicCreator creator) : ApiHandler<MetadataRequest>(ApiKey.Metadata)
{
    // From here on partitions whose leader lacks the listener say so; clients before it know only "no leader".
    private const short FirstWithListenerNotFound = 6;

    // Versions 10 and 11 have the field, but Kafka did not answer it yet, and refuses it there.
    private const short FirstWithIds = 12;

    protected override async ValueTask<IResponse> HandleAsync(MetadataRequest request, RequestContext context)
    {
        if (context.Version < FirstWithIds && request.Topics?.Exists(static topic => topic.Name is null || !topic.TopicId.IsNone) == true)
        {
            return new MetadataResponse
            {
                Topics = request.Topics.ConvertAll(topic => new MetadataResponse.Topic { Name = topic.Name ?? "", TopicId = topic.TopicId, ErrorCode = context.Count(ErrorCode.InvalidRequest) }),
            };
        }

        var response = await DescribeAsync(request, context);
        if (request.IncludeClusterAuthorizedOperations)
        {
            response.ClusterAuthorizedOperations = AuthorizedOperations.OfCluster;
        }

        if (request.IncludeTopicAuthorizedOperations)
        {
            foreach (var topic in response.Topics)
            {
                topic.TopicAuthorizedOperations = AuthorizedOperations.OfTopic;
            }
        }

        return response;
    }

    private async ValueTask<MetadataResponse> DescribeAsync(MetadataRequest request, RequestContext context)
    {
        var response = new MetadataResponse { ClusterId = directory.Cluster.ClusterId, ControllerId = directory.Controller.Value };
        foreach (var broker in directory.Cluster.Brokers)
        {
            if (broker.Endpoints.TryGetValue(context.Listener, out var endpoint))
            {
                response.Brokers.Add(new() { NodeId = broker.Id.Value, Host = endpoint.Host, Port = endpoint.Port, Rack = broker.Rack });
            }
        }

        // Null asks for all. Version 0 cannot say null: there an empty list does.
        if (request.Topics is null || (context.Version == 0 && request.Topics.Count == 0))
        {
            AddAll(response, context);
            return response;
        }

        response.Topics.EnsureCapacity(request.Topics.Count);
        // Once each, as Kafka does: a name said a million times must not be answered a million times.
        foreach (var asked in request.Topics.DistinctBy(static topic => (topic.Name, topic.TopicId)))
        {
            response.Topics.Add(asked.Name is { } name && asked.TopicId.IsNone
                ? await AnswerAsync(name, request.AllowAutoTopicCreation, context)
                : await AnswerAsync(asked.TopicId, context));
        }

        return response;
    }

    private void AddAll(MetadataResponse response, RequestContext context)
    {
        var snapshot = catalog.Current;
        response.Topics.EnsureCapacity(snapshot.Count);
        foreach (var topic in snapshot.Topics)
        {
            response.Topics.Add(Describe(topic, context));
        }
    }

    private async ValueTask<MetadataResponse.Topic> AnswerAsync(TopicId id, RequestContext context)
    {
        if (catalog.Current.Find(id) is null)
        {
            await updates.LookAgainAsync(context.Gone);
        }

        return catalog.Current.Find(id) is { } topic
            ? Describe(topic, context)
            : new() { ErrorCode = context.Count(ErrorCode.UnknownTopicId), Name = null, TopicId = id };
    }

    private async ValueTask<MetadataResponse.Topic> AnswerAsync(string name, bool mayCreate, RequestContext context)
    {
        if (catalog.Current.Find(name) is { } topic)
        {
            return Describe(topic, context);
        }

        if (!TopicNames.IsLegal(name))
        {
            return Failed(ErrorCode.InvalidTopicException);
        }

        if (!catalog.IsLoaded)
        {
            // It may exist: "no leader yet" makes clients ask again, "unknown" makes some give up.
            return Failed(ErrorCode.LeaderNotAvailable);
        }

        await updates.LookAgainAsync(context.Gone);
        if (catalog.Current.Find(name) is { } late)
        {
            return Describe(late, context);
        }

        if (!mayCreate || !creator.CreatesAutomatically || InternalTopics.Contains(name))
        {
            return Failed(ErrorCode.UnknownTopicOrPartition);
        }

        var created = await creator.CreateAutomaticallyAsync(name, context.Gone);
        return created is null ? Failed(ErrorCode.UnknownTopicOrPartition) : Describe(created, context);

        MetadataResponse.Topic Failed(ErrorCode error) => new() { ErrorCode = context.Count(error), Name = name };
    }

    private MetadataResponse.Topic Describe(Topic topic, RequestContext context)
    {
        var answer = new MetadataResponse.Topic { Name = topic.Name, TopicId = topic.Id, IsInternal = InternalTopics.Contains(topic.Name) };
        answer.Partitions.EnsureCapacity(topic.PartitionCount);
        for (var index = 0; index < topic.PartitionCount; index++)
        {
            var partition = new PartitionId(topic.Id, index);
            var owner = directory.Cluster.OwnerOf(partition);
            var replicas = directory.ReplicasOf(topic, owner);
            var reachable = directory.EndpointOf(owner, context.Listener) is not null;
            answer.Partitions.Add(new()
            {
                ErrorCode = reachable ? ErrorCode.None : context.Version >= FirstWithListenerNotFound ? ErrorCode.ListenerNotFound : ErrorCode.LeaderNotAvailable,
                Index = index,
                LeaderId = reachable ? owner.Value : -1,
                LeaderEpoch = directory.EpochToTell(partition),
                ReplicaNodes = replicas,
                IsrNodes = replicas,
            });
        }

        return answer;
    }
}
