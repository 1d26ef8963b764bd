using OrleansStream.Abstractions.Partitions;
using OrleansStream.Kafka.Gateway.Connections;
using OrleansStream.Kafka.Gateway.Dispatch;
using OrleansStream.Kafka.Gateway.Partitions;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Options.Configs;

namespace OrleansStream.Kafka.Gateway.Handlers;

/// <summary>Drops records below an offset. Older fetches are out of range as soon as that is answered.</summary>
internal sealed class DeleteRecordsHandler(PartitionDoor door, GatewaySurroundings surroundings) : ApiHandler<DeleteRecordsRequest>(ApiKey.DeleteRecords)
{
    private const long HighWatermark = -1;

    protected override async ValueTask<IResponse> HandleAsync(DeleteRecordsRequest request, RequestContext context)
    {
        var atMost = TimeSpan.FromMilliseconds(Math.Max(request.TimeoutMs, 0));
        var response = new DeleteRecordsResponse();
        foreach (var topic in request.Topics)
        {
            var answered = new DeleteRecordsResponse.Topic { Name = topic.Name };
            foreach (var partition in topic.Partitions)
            {
                var result = await DeleteAsync(topic.Name, partition, atMost, context);
                answered.Partitions.Add(new() { Index = partition.Index, LowWatermark = result.Error == ErrorCode.None ? result.LogStart.Value : -1, ErrorCode = context.Count(result.Error) });
            }

            response.Topics.Add(answered);
        }

        return response;
    }

    private async ValueTask<DeleteRecordsResult> DeleteAsync(string topicName, DeleteRecordsRequest.Partition asked, TimeSpan atMost, RequestContext context)
    {
        var topic = await door.Catalog.FindAsync(topicName, door.Updates, context.Gone);
        var error = TopicPartitions.Resolve(door.Catalog, topic, asked.Index, out var partition);
        if (error != ErrorCode.None)
        {
            return Failed(error);
        }

        if (topic!.Configs.TryGetValue("cleanup.policy", out var policy) && ConfigText.ToList(policy) is { Count: > 0 } policies && policies.All(static name => name == "compact"))
        {
            return Failed(ErrorCode.PolicyViolation);
        }

        var opened = await door.OpenAsync(partition, atMost, context.Gone);
        if (opened.Handle is not { } handle)
        {
            return Failed(opened.Error);
        }

        if (asked.Offset < HighWatermark || asked.Offset > handle.HighWatermark.Value)
        {
            return Failed(ErrorCode.OffsetOutOfRange);
        }

        return await GrainCalls.TryAsync(
            door,
            (Partition: partition, Before: new Offset(asked.Offset), context.Gone),
            static (door, state) => door.DeleteRecordsAsync(state.Partition, state.Before, state.Gone),
            static _ => Failed(ErrorCode.RequestTimedOut), // Whatever went wrong: the manifest may have been written, and to ask again does no harm.
            (atMost, surroundings.Time, context.Gone));
    }

    private static DeleteRecordsResult Failed(ErrorCode error) => new(error, Offset.None);
}
