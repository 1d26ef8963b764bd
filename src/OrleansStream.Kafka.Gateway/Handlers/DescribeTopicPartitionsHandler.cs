using OrleansStream.Abstractions.Topics;
using OrleansStream.Kafka.Gateway.Connections;
using OrleansStream.Kafka.Gateway.Dispatch;
using OrleansStream.Kafka.Gateway.Partitions;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Model.Ids;

namespace OrleansStream.Kafka.Gateway.Handlers;

/// <summary>What Metadata says about topics, page by page and by name in order.</summary>
internal sealed class DescribeTopicPartitionsHandler(ClusterDirectory directory, CatalogView catalog, ICatalogUpdates updates, GatewaySurroundings surroundings)
    : ApiHandler<DescribeTopicPartitionsRequest>(ApiKey.DescribeTopicPartitions)
{
    protected override async ValueTask<IResponse> HandleAsync(DescribeTopicPartitionsRequest request, RequestContext context)
    {
        if (request.Cursor is { } cursor && IsWrong(cursor, request))
        {
            return new DescribeTopicPartitionsResponse
            {
                Topics = request.Topics.ConvertAll(topic => new DescribeTopicPartitionsResponse.Topic { Name = topic.Name, ErrorCode = context.Count(ErrorCode.InvalidRequest) }),
            };
        }

        if (request.Topics.Exists(topic => catalog.Current.Find(topic.Name) is null))
        {
            await updates.LookAgainAsync(context.Gone);
        }

        var snapshot = catalog.Current;
        var page = new Page(Math.Clamp(request.ResponsePartitionLimit, 1, surroundings.Options.MaxDescribedPartitions));
        foreach (var name in Names(request, snapshot))
        {
            if (page.Left == 0)
            {
                page.Response.NextCursor = new() { TopicName = name, PartitionIndex = 0 };
                break;
            }

            var from = request.Cursor?.TopicName == name ? request.Cursor.PartitionIndex : 0;
            if (snapshot.Find(name) is { } topic)
            {
                Add(topic, from, page);
            }
            else
            {
                var error = !TopicNames.IsLegal(name) ? ErrorCode.InvalidTopicException : catalog.IsLoaded ? ErrorCode.UnknownTopicOrPartition : ErrorCode.LeaderNotAvailable;
                page.Response.Topics.Add(new() { Name = name, ErrorCode = context.Count(error), TopicAuthorizedOperations = AuthorizedOperations.OfTopic });
            }

            if (page.Response.NextCursor is not null)
            {
                break;
            }
        }

        return page.Response;
    }

    // A page begins at a partition of a topic that was asked for. Where all are asked for, that topic may be gone meanwhile.
    private static bool IsWrong(DescribeTopicPartitionsRequest.Position cursor, DescribeTopicPartitionsRequest request) =>
        cursor.PartitionIndex < 0 || (request.Topics.Count > 0 && !request.Topics.Exists(topic => topic.Name == cursor.TopicName));

    private static SortedSet<string> Names(DescribeTopicPartitionsRequest request, CatalogSnapshot snapshot)
    {
        var names = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var topic in request.Topics)
        {
            names.Add(topic.Name);
        }

        if (request.Topics.Count == 0)
        {
            foreach (var topic in snapshot.Topics)
            {
                names.Add(topic.Name);
            }
        }

        if (request.Cursor is { } cursor)
        {
            names.RemoveWhere(name => string.CompareOrdinal(name, cursor.TopicName) < 0);
        }

        return names;
    }

    private void Add(Topic topic, int from, Page page)
    {
        var answered = new DescribeTopicPartitionsResponse.Topic { Name = topic.Name, TopicId = topic.Id, IsInternal = InternalTopics.Contains(topic.Name), TopicAuthorizedOperations = AuthorizedOperations.OfTopic };
        for (var index = from; index < topic.PartitionCount; index++)
        {
            if (page.Left == 0)
            {
                page.Response.NextCursor = new() { TopicName = topic.Name, PartitionIndex = index };
                break;
            }

            page.Left--;
            var partition = new PartitionId(topic.Id, index);
            var owner = directory.Cluster.OwnerOf(partition);
            var replicas = directory.ReplicasOf(topic, owner);
            answered.Partitions.Add(new()
            {
                Index = index,
                LeaderId = owner.Value,
                LeaderEpoch = directory.EpochToTell(partition),
                ReplicaNodes = replicas,
                IsrNodes = replicas,
                EligibleLeaderReplicas = [],
                LastKnownEligibleLeaderReplicas = [],
            });
        }

        page.Response.Topics.Add(answered);
    }

    private sealed class Page(int limit)
    {
        public DescribeTopicPartitionsResponse Response { get; } = new();

        public int Left { get; set; } = limit;
    }
}
