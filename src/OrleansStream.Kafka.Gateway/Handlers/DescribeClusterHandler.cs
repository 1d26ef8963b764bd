using OrleansStream.Kafka.Gateway.Dispatch;
using OrleansStream.Kafka.Gateway.Partitions;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Messages;

namespace OrleansStream.Kafka.Gateway.Handlers;

/// <summary>Names the cluster and its live brokers.</summary>
internal sealed class DescribeClusterHandler(ClusterDirectory directory) : ApiHandler<DescribeClusterRequest>(ApiKey.DescribeCluster)
{
    protected override ValueTask<IResponse> HandleAsync(DescribeClusterRequest request, RequestContext context)
    {
        if (request.EndpointType != EndpointType.Brokers)
        {
            // Controllers have no listener of their own here; a number that nobody defined is another mistake.
            var error = request.EndpointType == EndpointType.Controllers ? ErrorCode.MismatchedEndpointType : ErrorCode.UnsupportedEndpointType;
            return ValueTask.FromResult<IResponse>(new DescribeClusterResponse
            {
                ErrorCode = context.Count(error),
                ErrorMessage = "This endpoint is one of brokers.",
                EndpointType = context.Version >= 1 ? request.EndpointType : EndpointType.Brokers,
            });
        }

        var response = new DescribeClusterResponse { ClusterId = directory.Cluster.ClusterId, ControllerId = directory.Controller.Value };
        if (request.IncludeClusterAuthorizedOperations)
        {
            response.ClusterAuthorizedOperations = AuthorizedOperations.OfCluster;
        }

        foreach (var broker in directory.Cluster.Brokers)
        {
            if (broker.Endpoints.TryGetValue(context.Listener, out var endpoint))
            {
                response.Brokers.Add(new() { BrokerId = broker.Id.Value, Host = endpoint.Host, Port = endpoint.Port, Rack = broker.Rack });
            }
        }

        return ValueTask.FromResult<IResponse>(response);
    }
}
