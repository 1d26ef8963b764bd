using OrleansStream.Abstractions.Groups;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Kafka.Gateway.Dispatch;
using OrleansStream.Kafka.Gateway.Groups;
using OrleansStream.Kafka.Gateway.Partitions;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Model.Ids;

namespace OrleansStream.Kafka.Gateway.Handlers;

/// <summary>Makes a group forget offsets of topics that it does not read any more.</summary>
internal sealed class OffsetDeleteHandler(GroupDoor groups, CatalogView catalog) : ApiHandler<OffsetDeleteRequest>(ApiKey.OffsetDelete)
{
    protected override async ValueTask<IResponse> HandleAsync(OffsetDeleteRequest request, RequestContext context)
    {
        var error = await groups.CheckExistingAsync(request.GroupId, ErrorCode.GroupIdNotFound, context);
        if (error != ErrorCode.None)
        {
            return new OffsetDeleteResponse { ErrorCode = context.Count(error) };
        }

        var response = new OffsetDeleteResponse();
        var partitions = new List<PartitionId>();
        var places = new List<OffsetDeleteResponse.Partition>();
        foreach (var topic in request.Topics)
        {
            var answered = new OffsetDeleteResponse.Topic { Name = topic.Name };
            foreach (var asked in topic.Partitions)
            {
                var known = TopicPartitions.Resolve(catalog, topic.Name, asked.Index, out var partition) == ErrorCode.None;
                var place = new OffsetDeleteResponse.Partition { Index = asked.Index, ErrorCode = known ? ErrorCode.None : context.Count(ErrorCode.UnknownTopicOrPartition) };
                answered.Partitions.Add(place);
                if (known)
                {
                    partitions.Add(partition);
                    places.Add(place);
                }
            }

            response.Topics.Add(answered);
        }

        var answer = await groups.AskAsync<List<PartitionId>, DeleteOffsetsAnswer>(
            request.GroupId, partitions, static (grain, wish) => grain.DeleteOffsetsAsync(wish), static code => new DeleteOffsetsAnswer(code, []), context);
        if (answer.Error != ErrorCode.None)
        {
            return new OffsetDeleteResponse { ErrorCode = context.Count(answer.Error) };
        }

        for (var index = 0; index < places.Count && index < answer.Partitions.Count; index++)
        {
            places[index].ErrorCode = context.Count(answer.Partitions[index]);
        }

        return response;
    }
}
