using Orleans;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Kafka.Gateway.Connections;
using OrleansStream.Kafka.Gateway.Dispatch;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Messages;

namespace OrleansStream.Kafka.Gateway.Handlers;

/// <summary>Grows topics. Partitions are never taken away.</summary>
internal sealed class CreatePartitionsHandler(IGrainFactory grains, CatalogView catalog, GatewaySurroundings surroundings) : ApiHandler<CreatePartitionsRequest>(ApiKey.CreatePartitions)
{
    protected override async ValueTask<IResponse> HandleAsync(CreatePartitionsRequest request, RequestContext context)
    {
        var response = new CreatePartitionsResponse();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var asked in request.Topics)
        {
            var (error, message) = seen.Add(asked.Name) ? await GrowAsync(asked, request, context) : (ErrorCode.InvalidRequest, "The request names this topic twice.");
            response.Topics.Add(new() { Name = asked.Name, ErrorCode = context.Count(error), ErrorMessage = message });
        }

        return response;
    }

    private async ValueTask<(ErrorCode Error, string? Message)> GrowAsync(CreatePartitionsRequest.Topic asked, CreatePartitionsRequest request, RequestContext context)
    {
        if (catalog.Current.Find(asked.Name) is not { } topic)
        {
            return (ErrorCode.UnknownTopicOrPartition, "There is no such topic.");
        }

        if (asked.Count <= topic.PartitionCount || asked.Count > surroundings.Options.MaxPartitionsPerTopic)
        {
            return (ErrorCode.InvalidPartitions, $"The topic has {topic.PartitionCount} partitions; it can grow to at most {surroundings.Options.MaxPartitionsPerTopic}, not to {asked.Count}.");
        }

        if (asked.Assignments is { } assignments && assignments.Count != asked.Count - topic.PartitionCount)
        {
            return (ErrorCode.InvalidReplicaAssignment, $"{asked.Count - topic.PartitionCount} partitions are new, {assignments.Count} are assigned.");
        }

        var change = await GrainCalls.TryAsync(
            grains.GetGrain<ITopicGrain>(topic.Name),
            (asked.Count, request.ValidateOnly, context.Gone),
            static (grain, state) => grain.GrowAsync(state.Count, state.ValidateOnly, state.Gone),
            GrainCalls.FailedChange,
            (TimeSpan.FromMilliseconds(Math.Max(request.TimeoutMs, 0)), surroundings.Time, context.Gone));
        return (change.Error, change.Message);
    }
}
