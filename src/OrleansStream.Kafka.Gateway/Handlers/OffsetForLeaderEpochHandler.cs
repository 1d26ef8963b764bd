using OrleansStream.Kafka.Gateway.Dispatch;
using OrleansStream.Kafka.Gateway.Partitions;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Model;
using OrleansStream.Model.Ids;

namespace OrleansStream.Kafka.Gateway.Handlers;

/// <summary>Tells consumers where an epoch ended, so that they notice a truncated log. Ours are never truncated: the answer is never below what they have read.</summary>
internal sealed class OffsetForLeaderEpochHandler(PartitionDoor door) : ApiHandler<OffsetForLeaderEpochRequest>(ApiKey.OffsetForLeaderEpoch)
{
    protected override async ValueTask<IResponse> HandleAsync(OffsetForLeaderEpochRequest request, RequestContext context)
    {
        OpenAhead.Begin(door, Named(request), context.Gone);
        var response = new OffsetForLeaderEpochResponse();
        foreach (var topic in request.Topics)
        {
            var answered = new OffsetForLeaderEpochResponse.Topic { Name = topic.Name };
            foreach (var partition in topic.Partitions)
            {
                answered.Partitions.Add(await FindAsync(topic.Name, partition, context));
            }

            response.Topics.Add(answered);
        }

        return response;
    }

    private static IEnumerable<(string Topic, int Index)> Named(OffsetForLeaderEpochRequest request)
    {
        foreach (var topic in request.Topics)
        {
            foreach (var partition in topic.Partitions)
            {
                yield return (topic.Name, partition.Index);
            }
        }
    }

    private async ValueTask<OffsetForLeaderEpochResponse.Partition> FindAsync(string topic, OffsetForLeaderEpochRequest.Partition asked, RequestContext context)
    {
        var (error, partition) = await door.ResolveAsync(topic, asked.Index, context.Gone);
        if (error != ErrorCode.None)
        {
            return Failed(error);
        }

        var opened = await door.OpenAsync(partition, Limits.GrainCall, context.Gone);
        if (opened.Handle is not { } handle)
        {
            return Failed(opened.Error);
        }

        error = TopicPartitions.CheckEpoch(asked.CurrentLeaderEpoch, handle.Epoch);
        if (error != ErrorCode.None)
        {
            return Failed(error);
        }

        var end = handle.EndOfEpoch(new LeaderEpoch(asked.LeaderEpoch));
        return new() { Index = asked.Index, LeaderEpoch = end.Epoch.Value, EndOffset = end.EndOffset.Value };

        OffsetForLeaderEpochResponse.Partition Failed(ErrorCode code) => new() { Index = asked.Index, ErrorCode = context.Count(code) };
    }
}
