using OrleansStream.Abstractions.Groups;
using OrleansStream.Kafka.Gateway.Dispatch;
using OrleansStream.Kafka.Gateway.Groups;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Messages;

namespace OrleansStream.Kafka.Gateway.Handlers;

/// <summary>Takes a client into a group. The answer may take as long as a rebalance; meanwhile the connection waits, and its frame has gone back.</summary>
internal sealed class JoinGroupHandler(GroupDoor groups) : ApiHandler<JoinGroupRequest>(ApiKey.JoinGroup)
{
    private const short FirstWithRebalanceTimeout = 1;
    private const short FirstWithKnownMemberId = 4;
    private const short FirstWithNullProtocol = 7;
    private const short FirstWithSkipAssignment = 9;

    protected override async ValueTask<IResponse> HandleAsync(JoinGroupRequest request, RequestContext context)
    {
        var error = groups.Check(request.GroupId);
        if (error != ErrorCode.None)
        {
            return Build(Failed(error, request.MemberId), context);
        }

        var join = Translate(request, context);
        context.ReleaseFrame();
        var answer = await groups.MeetAsync(request.GroupId, join, static (grain, wish) => grain.JoinAsync(wish), code => Failed(code, join.MemberId), context);
        return Build(answer, context);
    }

    private static JoinAnswer Failed(ErrorCode error, string memberId) => new() { Error = error, MemberId = memberId };

    private static JoinRequest Translate(JoinGroupRequest request, RequestContext context)
    {
        var protocols = new List<MemberProtocol>(request.Protocols.Count);
        foreach (var protocol in request.Protocols)
        {
            protocols.Add(new MemberProtocol(protocol.Name, protocol.Metadata.ToArray()));
        }

        return new JoinRequest
        {
            MemberId = request.MemberId,
            InstanceId = request.GroupInstanceId,
            ClientId = context.ClientId,
            ClientHost = "/" + context.PeerAddress,
            SessionTimeout = TimeSpan.FromMilliseconds(request.SessionTimeoutMs),
            RebalanceTimeout = context.Version >= FirstWithRebalanceTimeout ? TimeSpan.FromMilliseconds(request.RebalanceTimeoutMs) : null,
            ProtocolType = request.ProtocolType,
            Protocols = protocols,
            RequiresKnownMemberId = context.Version >= FirstWithKnownMemberId,
            CanSkipAssignment = context.Version >= FirstWithSkipAssignment,
            Reason = request.Reason,
        };
    }

    private static JoinGroupResponse Build(JoinAnswer answer, RequestContext context)
    {
        var response = new JoinGroupResponse
        {
            ErrorCode = context.Count(answer.Error),
            GenerationId = answer.Generation,
            ProtocolType = answer.ProtocolType,
            ProtocolName = answer.ProtocolName ?? (context.Version >= FirstWithNullProtocol ? null : ""),
            Leader = answer.LeaderId,
            SkipAssignment = context.Version >= FirstWithSkipAssignment && answer.SkipAssignment,
            MemberId = answer.MemberId,
        };
        foreach (var member in answer.Members)
        {
            response.Members.Add(new() { MemberId = member.MemberId, GroupInstanceId = member.InstanceId, Metadata = member.Metadata });
        }

        return response;
    }
}
