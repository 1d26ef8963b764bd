using OrleansStream.Abstractions.Groups;
using OrleansStream.Kafka.Gateway.Dispatch;
using OrleansStream.Kafka.Gateway.Groups;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Messages;

namespace OrleansStream.Kafka.Gateway.Handlers;

/// <summary>Lets members go: one, whose code is that of the answer, before version 3; a list with a code for each since then.</summary>
internal sealed class LeaveGroupHandler(GroupDoor groups) : ApiHandler<LeaveGroupRequest>(ApiKey.LeaveGroup)
{
    private const short FirstWithMembers = 3;

    protected override async ValueTask<IResponse> HandleAsync(LeaveGroupRequest request, RequestContext context)
    {
        var leaving = Leaving(request, context.Version);
        var error = await groups.CheckExistingAsync(request.GroupId, ErrorCode.UnknownMemberId, context);
        var answer = error switch
        {
            ErrorCode.None => await groups.AskAsync(request.GroupId, new LeaveRequest(leaving), static (grain, wish) => grain.LeaveAsync(wish), static code => new LeaveAnswer(code, []), context),
            ErrorCode.UnknownMemberId => new LeaveAnswer(ErrorCode.None, leaving.ConvertAll(static member => new LeftMember(member.MemberId, member.InstanceId, ErrorCode.UnknownMemberId))),
            _ => new LeaveAnswer(error, []),
        };
        if (context.Version < FirstWithMembers)
        {
            var only = answer.Error == ErrorCode.None && answer.Members.Count > 0 ? answer.Members[0].Error : answer.Error;
            return new LeaveGroupResponse { ErrorCode = context.Count(only) };
        }

        var response = new LeaveGroupResponse { ErrorCode = context.Count(answer.Error) };
        foreach (var member in answer.Members)
        {
            response.Members.Add(new() { MemberId = member.MemberId, GroupInstanceId = member.InstanceId, ErrorCode = context.Count(member.Error) });
        }

        return response;
    }

    private static List<LeavingMember> Leaving(LeaveGroupRequest request, short version)
    {
        if (version < FirstWithMembers)
        {
            return [new LeavingMember(request.MemberId, null, null)];
        }

        var leaving = new List<LeavingMember>(request.Members.Count);
        foreach (var member in request.Members)
        {
            leaving.Add(new LeavingMember(member.MemberId, member.GroupInstanceId, member.Reason));
        }

        return leaving;
    }
}
