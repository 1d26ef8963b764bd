using OrleansStream.Kafka.Gateway.Dispatch;
using OrleansStream.Kafka.Gateway.Groups;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Messages;

namespace OrleansStream.Kafka.Gateway.Handlers;

/// <summary>Keeps a member's session alive.</summary>
internal sealed class HeartbeatHandler(GroupDoor groups) : ApiHandler<HeartbeatRequest>(ApiKey.Heartbeat)
{
    protected override async ValueTask<IResponse> HandleAsync(HeartbeatRequest request, RequestContext context)
    {
        var error = await groups.CheckExistingAsync(request.GroupId, ErrorCode.UnknownMemberId, context);
        if (error == ErrorCode.None)
        {
            var beat = new Abstractions.Groups.HeartbeatRequest(request.MemberId, request.GroupInstanceId, request.GenerationId);
            error = await groups.AskAsync(request.GroupId, beat, static (grain, wish) => grain.HeartbeatAsync(wish), static code => code, context);
        }

        // Whoever is still reading the journal cannot tell; session timers begin anew afterwards, so nothing is lost by a yes.
        error = error == ErrorCode.CoordinatorLoadInProgress ? ErrorCode.None : error;
        return new HeartbeatResponse { ErrorCode = context.Count(error) };
    }
}
