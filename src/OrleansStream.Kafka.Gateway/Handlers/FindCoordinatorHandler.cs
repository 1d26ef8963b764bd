using OrleansStream.Kafka.Gateway.Dispatch;
using OrleansStream.Kafka.Gateway.Partitions;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Messages;

namespace OrleansStream.Kafka.Gateway.Handlers;

/// <summary>Names the broker that coordinates a group: the owner of its journal partition, computed here without asking anybody.</summary>
internal sealed class FindCoordinatorHandler(ClusterDirectory directory) : ApiHandler<FindCoordinatorRequest>(ApiKey.FindCoordinator)
{
    private const short FirstWithKeys = 4;

    protected override ValueTask<IResponse> HandleAsync(FindCoordinatorRequest request, RequestContext context)
    {
        var response = new FindCoordinatorResponse();
        if (context.Version >= FirstWithKeys)
        {
            response.Coordinators.EnsureCapacity(request.Keys.Count);
            foreach (var key in request.Keys)
            {
                response.Coordinators.Add(Find(key, request.KeyType, context));
            }
        }
        else
        {
            var found = Find(request.Key, request.KeyType, context);
            (response.ErrorCode, response.ErrorMessage, response.NodeId, response.Host, response.Port) = (found.ErrorCode, found.ErrorMessage, found.NodeId, found.Host, found.Port);
        }

        return ValueTask.FromResult<IResponse>(response);
    }

    private FindCoordinatorResponse.Coordinator Find(string key, CoordinatorKeyType type, RequestContext context)
    {
        switch (type)
        {
            case CoordinatorKeyType.Group:
                break;
            case CoordinatorKeyType.Transaction:
                // A plainer code exists, INVALID_REQUEST, but librdkafka asks again and again after that; this one ends its init_transactions at once.
                return Failed(ErrorCode.TransactionalIdAuthorizationFailed, "This broker does not offer transactions yet.");
            case CoordinatorKeyType.Share:
                return Failed(ErrorCode.InvalidRequest, "This broker does not offer share groups yet.");
            default:
                return Failed(ErrorCode.InvalidRequest, $"Key type {(int)type} is unknown.");
        }

        var broker = directory.Cluster.CoordinatorOf(key);
        return directory.EndpointOf(broker, context.Listener) is { } endpoint
            ? new() { Key = key, NodeId = broker.Value, Host = endpoint.Host, Port = endpoint.Port }
            : Failed(ErrorCode.CoordinatorNotAvailable, null);

        FindCoordinatorResponse.Coordinator Failed(ErrorCode error, string? message) =>
            new() { Key = key, NodeId = -1, Host = "", Port = -1, ErrorCode = context.Count(error), ErrorMessage = message };
    }
}
