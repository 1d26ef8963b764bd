using OrleansStream.Abstractions.Groups;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Kafka.Gateway.Dispatch;
using OrleansStream.Kafka.Gateway.Groups;
using OrleansStream.Kafka.Gateway.Partitions;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Model.Ids;

namespace OrleansStream.Kafka.Gateway.Handlers;

/// <summary>Stores a group's offsets. Partitions that do not exist are answered here; the others go to the group in one piece.</summary>
internal sealed class OffsetCommitHandler(GroupDoor groups, CatalogView catalog, ICatalogUpdates updates) : ApiHandler<OffsetCommitRequest>(ApiKey.OffsetCommit)
{
    private const short FirstWithGroupNotFound = 9;

    protected override async ValueTask<IResponse> HandleAsync(OffsetCommitRequest request, RequestContext context)
    {
        if (request.Topics.Exists(topic => catalog.Current.Find(topic.Name) is null))
        {
            await updates.LookAgainAsync(context.Gone);
        }

        var response = new OffsetCommitResponse();
        var offsets = new List<OffsetToCommit>();
        var places = new List<OffsetCommitResponse.Partition>();
        foreach (var topic in request.Topics)
        {
            var answered = new OffsetCommitResponse.Topic { Name = topic.Name };
            foreach (var asked in topic.Partitions)
            {
                // A partition that is only unknown yet is refused like one that is unknown: clients try this code again.
                var known = TopicPartitions.Resolve(catalog, topic.Name, asked.Index, out var partition) == ErrorCode.None;
                var place = new OffsetCommitResponse.Partition { Index = asked.Index, ErrorCode = known ? ErrorCode.None : ErrorCode.UnknownTopicOrPartition };
                answered.Partitions.Add(place);
                if (known)
                {
                    places.Add(place);
                    offsets.Add(new OffsetToCommit(partition, topic.Name, new Offset(asked.CommittedOffset), new LeaderEpoch(asked.CommittedLeaderEpoch), asked.CommittedMetadata));
                }
            }

            response.Topics.Add(answered);
        }

        await CommitAsync(request, (offsets, places), context);
        foreach (var topic in response.Topics)
        {
            foreach (var partition in topic.Partitions)
            {
                context.Count(partition.ErrorCode);
            }
        }

        return response;
    }

    private async ValueTask CommitAsync(OffsetCommitRequest request, (List<OffsetToCommit> Offsets, List<OffsetCommitResponse.Partition> Places) wish, RequestContext context)
    {
        var error = groups.Check(request.GroupId, mayBeEmpty: true);
        var answer = error != ErrorCode.None || wish.Offsets.Count == 0
            ? new CommitAnswer(error, [])
            : await groups.CommitAsync(request.GroupId, Translate(request, wish.Offsets, context.Version), context);
        for (var index = 0; index < wish.Places.Count; index++)
        {
            wish.Places[index].ErrorCode = answer.Error != ErrorCode.None ? answer.Error : index < answer.Partitions.Count ? answer.Partitions[index] : ErrorCode.None;
        }
    }

    // A client may ask for ever; ten thousand days are that, and fit every date.
    private const long LongestRetentionMs = 10_000L * 24 * 60 * 60 * 1000;

    private static CommitRequest Translate(OffsetCommitRequest request, List<OffsetToCommit> offsets, short version) => new()
    {
        MemberId = request.MemberId,
        InstanceId = request.GroupInstanceId,
        Generation = request.GenerationIdOrMemberEpoch,
        Retention = request.RetentionTimeMs >= 0 ? TimeSpan.FromMilliseconds(Math.Min(request.RetentionTimeMs, LongestRetentionMs)) : null,
        KnowsGroupNotFound = version >= FirstWithGroupNotFound,
        Offsets = offsets,
    };
}
