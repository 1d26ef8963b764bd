using OrleansStream.Kafka.Gateway.Dispatch;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Messages;

namespace OrleansStream.Kafka.Gateway.Handlers;

/// <summary>Lists replicas that are being copied to other brokers. Storage is shared, so there never are any; tools ask all the same.</summary>
internal sealed class ListPartitionReassignmentsHandler() : ApiHandler<ListPartitionReassignmentsRequest>(ApiKey.ListPartitionReassignments)
{
    protected override ValueTask<IResponse> HandleAsync(ListPartitionReassignmentsRequest request, RequestContext context) =>
        ValueTask.FromResult<IResponse>(new ListPartitionReassignmentsResponse());
}
