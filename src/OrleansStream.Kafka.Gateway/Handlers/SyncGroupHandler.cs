using OrleansStream.Abstractions.Groups;
using OrleansStream.Kafka.Gateway.Dispatch;
using OrleansStream.Kafka.Gateway.Groups;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Messages;

namespace OrleansStream.Kafka.Gateway.Handlers;

/// <summary>Takes the leader's assignments and gives each member its own.</summary>
internal sealed class SyncGroupHandler(GroupDoor groups) : ApiHandler<SyncGroupRequest>(ApiKey.SyncGroup)
{
    // Nullable on the wire, but a member of these versions knows its protocol.
    private const short FirstWithProtocol = 5;

    protected override async ValueTask<IResponse> HandleAsync(SyncGroupRequest request, RequestContext context)
    {
        var sync = Translate(request);
        context.ReleaseFrame();
        if (context.Version >= FirstWithProtocol && (request.ProtocolType is null || request.ProtocolName is null))
        {
            return new SyncGroupResponse { ErrorCode = context.Count(ErrorCode.InconsistentGroupProtocol) };
        }

        var error = await groups.CheckExistingAsync(request.GroupId, ErrorCode.UnknownMemberId, context);
        var answer = error != ErrorCode.None
            ? Failed(error)
            : await groups.MeetAsync(request.GroupId, sync, static (grain, wish) => grain.SyncAsync(wish), Failed, context);
        return new SyncGroupResponse
        {
            ErrorCode = context.Count(answer.Error),
            ProtocolType = answer.ProtocolType,
            ProtocolName = answer.ProtocolName,
            Assignment = answer.Assignment,
        };
    }

    private static SyncAnswer Failed(ErrorCode error) => new() { Error = error };

    private static SyncRequest Translate(SyncGroupRequest request)
    {
        var assignments = new List<MemberAssignment>(request.Assignments.Count);
        foreach (var assignment in request.Assignments)
        {
            assignments.Add(new MemberAssignment(assignment.MemberId, assignment.Assignment.ToArray()));
        }

        return new SyncRequest
        {
            MemberId = request.MemberId,
            InstanceId = request.GroupInstanceId,
            Generation = request.GenerationId,
            ProtocolType = request.ProtocolType,
            ProtocolName = request.ProtocolName,
            Assignments = assignments,
        };
    }
}
