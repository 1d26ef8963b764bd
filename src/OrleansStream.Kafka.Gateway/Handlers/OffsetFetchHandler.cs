using OrleansStream.Abstractions.Groups;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Kafka.Gateway.Dispatch;
using OrleansStream.Kafka.Gateway.Groups;
using OrleansStream.Kafka.Gateway.Partitions;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Model.Ids;

namespace OrleansStream.Kafka.Gateway.Handlers;

/// <summary>Tells what a group has committed. What it has not, and groups that nobody knows, are offset -1 without an error: consumers then start by their own rule.</summary>
internal sealed class OffsetFetchHandler(GroupDoor groups, CatalogView catalog) : ApiHandler<OffsetFetchRequest>(ApiKey.OffsetFetch)
{
    private const short FirstWithGroups = 8;
    private const short FirstWithErrorCode = 2;

    protected override async ValueTask<IResponse> HandleAsync(OffsetFetchRequest request, RequestContext context)
    {
        var response = new OffsetFetchResponse();
        if (context.Version >= FirstWithGroups)
        {
            foreach (var group in request.Groups.DistinctBy(static group => group.GroupId))
            {
                var asked = group.Topics?.ConvertAll(static topic => new Asked(topic.Name, topic.PartitionIndexes));
                response.Groups.Add(await FetchAsync(group.GroupId, asked, context));
            }

            return response;
        }

        var only = await FetchAsync(request.GroupId, request.Topics?.ConvertAll(static topic => new Asked(topic.Name, topic.PartitionIndexes)), context);
        response.ErrorCode = only.ErrorCode;
        foreach (var topic in only.Topics)
        {
            response.Topics.Add(Translate(topic, context.Version));
        }

        // Version 1 has no code of its own for the group: each partition carries it.
        if (context.Version < FirstWithErrorCode && only.ErrorCode != ErrorCode.None)
        {
            response.Topics = request.Topics!.ConvertAll(topic => new OffsetFetchResponse.Topic
            {
                Name = topic.Name,
                Partitions = topic.PartitionIndexes.ConvertAll(index => new OffsetFetchResponse.Partition { Index = index, CommittedOffset = -1, CommittedMetadata = "", ErrorCode = only.ErrorCode }),
            });
        }

        return response;
    }

    private static OffsetFetchResponse.Topic Translate(OffsetFetchResponse.GroupTopic topic, short version) => new()
    {
        Name = topic.Name,
        Partitions = topic.Partitions.ConvertAll(partition => new OffsetFetchResponse.Partition
        {
            Index = partition.Index,
            CommittedOffset = partition.CommittedOffset,
            CommittedLeaderEpoch = partition.CommittedLeaderEpoch,
            CommittedMetadata = partition.CommittedMetadata,
        }),
    };

    private async ValueTask<OffsetFetchResponse.Group> FetchAsync(string groupId, List<Asked>? asked, RequestContext context)
    {
        // GROUP_ID_NOT_FOUND stands for "knows nothing" here; it is never told.
        var error = await groups.CheckExistingAsync(groupId, ErrorCode.GroupIdNotFound, context, mayBeEmpty: true);
        var wanted = asked is null ? null : Partitions(asked);
        var answer = error switch
        {
            ErrorCode.GroupIdNotFound => new FetchOffsetsAnswer(ErrorCode.None, []),
            ErrorCode.None => await groups.AskAsync(groupId, wanted, static (grain, partitions) => grain.FetchOffsetsAsync(partitions), static code => new FetchOffsetsAnswer(code, []), context),
            _ => new FetchOffsetsAnswer(error, []),
        };
        var group = new OffsetFetchResponse.Group { GroupId = groupId, ErrorCode = context.Count(answer.Error) };
        if (answer.Error == ErrorCode.None)
        {
            group.Topics = asked is null ? All(answer.Offsets) : Named(asked, answer.Offsets);
        }

        return group;
    }

    // Partitions that do not exist are not asked for: nothing can be committed for them.
    private List<PartitionId> Partitions(List<Asked> asked)
    {
        var partitions = new List<PartitionId>();
        foreach (var topic in asked)
        {
            foreach (var index in topic.Indexes)
            {
                if (TopicPartitions.Resolve(catalog, topic.Name, index, out var partition) == ErrorCode.None)
                {
                    partitions.Add(partition);
                }
            }
        }

        return partitions;
    }

    private List<OffsetFetchResponse.GroupTopic> Named(List<Asked> asked, IReadOnlyList<CommittedOffset> offsets)
    {
        var known = new Dictionary<PartitionId, CommittedOffset>(offsets.Count);
        foreach (var offset in offsets)
        {
            known[offset.Partition] = offset;
        }

        var topics = new List<OffsetFetchResponse.GroupTopic>(asked.Count);
        foreach (var topic in asked)
        {
            var answered = new OffsetFetchResponse.GroupTopic { Name = topic.Name };
            foreach (var index in topic.Indexes)
            {
                var found = TopicPartitions.Resolve(catalog, topic.Name, index, out var partition) == ErrorCode.None && known.TryGetValue(partition, out var offset) ? offset : default(CommittedOffset?);
                answered.Partitions.Add(Translate(index, found));
            }

            topics.Add(answered);
        }

        return topics;
    }

    private static List<OffsetFetchResponse.GroupTopic> All(IReadOnlyList<CommittedOffset> offsets)
    {
        var topics = new Dictionary<string, OffsetFetchResponse.GroupTopic>(StringComparer.Ordinal);
        foreach (var offset in offsets)
        {
            if (!topics.TryGetValue(offset.TopicName, out var topic))
            {
                topics.Add(offset.TopicName, topic = new() { Name = offset.TopicName });
            }

            topic.Partitions.Add(Translate(offset.Partition.Index, offset));
        }

        return [.. topics.Values];
    }

    private static OffsetFetchResponse.GroupPartition Translate(int index, CommittedOffset? found) => found is { } offset
        ? new() { Index = index, CommittedOffset = offset.Offset.Value, CommittedLeaderEpoch = offset.LeaderEpoch.Value, CommittedMetadata = offset.Metadata ?? "" }
        : new() { Index = index, CommittedOffset = -1, CommittedLeaderEpoch = -1, CommittedMetadata = "" };

    private readonly record struct Asked(string Name, List<int> Indexes);
}
