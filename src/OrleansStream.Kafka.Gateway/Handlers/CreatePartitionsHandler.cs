using Orleans;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Kafka.Gateway.Connections;
using OrleansStream.Kafka.Gateway.Dispatch;
using OrleansStream.Kafka.Gateway.Partitions;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Messages;

namespace OrleansStream.Kafka.Gateway.Handlers;

/// <summary>Grows topics. Partitions are never taken away.</summary>
internal sealed class CreatePartitionsHandler(IGrainFactory grains, CatalogView catalog, ICatalogUpdates updates, ClusterDirectory directory, GatewaySurroundings surroundings)
    : ApiHandler<CreatePartitionsRequest>(ApiKey.CreatePartitions)
{
    protected override async ValueTask<IResponse> HandleAsync(CreatePartitionsRequest request, RequestContext context)
    {
        var response = new CreatePartitionsResponse();
        foreach (var topic in request.Topics.GroupBy(static topic => topic.Name, StringComparer.Ordinal))
        {
            // A topic that is named twice grows not at all, and is answered once.
            var asked = topic.First();
            var (error, message) = topic.Skip(1).Any() ? (ErrorCode.InvalidRequest, "Duplicate topic name.") : await GrowAsync(asked, request, context);
            response.Topics.Add(new() { Name = asked.Name, ErrorCode = context.Count(error), ErrorMessage = message });
        }

        return response;
    }

    private async ValueTask<(ErrorCode Error, string? Message)> GrowAsync(CreatePartitionsRequest.Topic asked, CreatePartitionsRequest request, RequestContext context)
    {
        if (await catalog.FindAsync(asked.Name, updates, context.Gone) is not { } topic)
        {
            return (ErrorCode.UnknownTopicOrPartition, "There is no such topic.");
        }

        if (topic.WhyNotGrownTo(asked.Count) is { } whyNot)
        {
            return (ErrorCode.InvalidPartitions, whyNot);
        }

        if (asked.Count > surroundings.Options.MaxPartitionsPerTopic)
        {
            return (ErrorCode.InvalidPartitions, $"The topic has {topic.PartitionCount} partitions; it can grow to at most {surroundings.Options.MaxPartitionsPerTopic}, not to {asked.Count}.");
        }

        if (asked.Assignments is { } assignments && Fault(assignments, asked.Count - topic.PartitionCount) is { } fault)
        {
            return (ErrorCode.InvalidReplicaAssignment, fault);
        }

        var (change, tries) = await GrainCalls.ChangeAsync(
            grains.GetGrain<ITopicGrain>(topic.Name),
            (asked.Count, request.ValidateOnly, context.Gone),
            static (grain, state) => grain.GrowAsync(state.Count, state.ValidateOnly, state.Gone),
            (TimeSpan.FromMilliseconds(Math.Max(request.TimeoutMs, 0)), surroundings.Time, context.Gone));

        // The try before may have done it and not been able to say so.
        return tries > 1 && change.Error == ErrorCode.InvalidPartitions && catalog.Current.Find(topic.Name)?.PartitionCount == asked.Count
            ? (ErrorCode.None, null)
            : (change.Error, change.Message);
    }

    // Storage replicates by itself and an assignment changes nothing; but one that Kafka would refuse is a mistake that its sender wants to hear of.
    private string? Fault(List<CreatePartitionsRequest.ReplicaAssignment> assignments, int added)
    {
        if (assignments.Count != added)
        {
            return $"Attempted to add {added} additional partition(s), but only {assignments.Count} assignment(s) were specified.";
        }

        foreach (var assignment in assignments)
        {
            if (assignment.BrokerIds.Count == 0)
            {
                return "The manual partition assignment includes an empty replica list.";
            }

            if (!directory.AreDistinctBrokers(assignment.BrokerIds))
            {
                return $"The manual partition assignment {string.Join(", ", assignment.BrokerIds)} is not one of different live brokers.";
            }
        }

        return null;
    }
}
