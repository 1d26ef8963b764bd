using Microsoft.Extensions.Logging;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Kafka.Gateway.Connections;
using OrleansStream.Kafka.Gateway.Dispatch;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Model;

namespace OrleansStream.Kafka.Gateway.Handlers;

/// <summary>Gives idempotent producers their ids, from a block in memory: a cold client waits for nothing. Transactional ones are refused clearly.</summary>
internal sealed partial class InitProducerIdHandler(IProducerIds ids, GatewaySurroundings surroundings) : ApiHandler<InitProducerIdRequest>(ApiKey.InitProducerId)
{
    protected override async ValueTask<IResponse> HandleAsync(InitProducerIdRequest request, RequestContext context)
    {
        if (request.TransactionalId is not null)
        {
            // The answer has no room for words; the log has.
            LogTransactional(surroundings.Log, context.ClientId, context.PeerAddress);
            return Failed(request.TransactionalId.Length == 0 ? ErrorCode.InvalidRequest : ErrorCode.TransactionalIdAuthorizationFailed);
        }

        if ((request.ProducerId == -1) != (request.ProducerEpoch == -1))
        {
            return Failed(ErrorCode.InvalidRequest);
        }

        try
        {
            var id = await ids.NextAsync(context.Gone).AsTask().WaitAsync(Limits.GrainCall, surroundings.Time, context.Gone);
            return new InitProducerIdResponse { ProducerId = id, ProducerEpoch = 0 };
        }
        catch (TimeoutException)
        {
            return Failed(ErrorCode.CoordinatorLoadInProgress);
        }

        InitProducerIdResponse Failed(ErrorCode error) => new() { ErrorCode = context.Count(error), ProducerId = -1, ProducerEpoch = -1 };
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Client {Client} at {Peer} asks for a transactional id: this broker does not offer transactions yet (answered TRANSACTIONAL_ID_AUTHORIZATION_FAILED)")]
    private static partial void LogTransactional(ILogger log, string client, string peer);
}
