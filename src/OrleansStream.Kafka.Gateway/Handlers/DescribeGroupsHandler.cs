using OrleansStream.Abstractions.Groups;
using OrleansStream.Kafka.Gateway.Dispatch;
using OrleansStream.Kafka.Gateway.Groups;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Messages;

namespace OrleansStream.Kafka.Gateway.Handlers;

/// <summary>Shows groups and their members. A group that nobody knows is "Dead" without an error, until version 6 gave it a code.</summary>
internal sealed class DescribeGroupsHandler(GroupDoor groups) : ApiHandler<DescribeGroupsRequest>(ApiKey.DescribeGroups)
{
    private const short FirstWithNotFound = 6;
    private const string Dead = "Dead";

    protected override async ValueTask<IResponse> HandleAsync(DescribeGroupsRequest request, RequestContext context)
    {
        var response = new DescribeGroupsResponse();
        foreach (var groupId in request.GroupIds.Distinct(StringComparer.Ordinal))
        {
            var group = await DescribeAsync(groupId, context);
            if (request.IncludeAuthorizedOperations && group.ErrorCode == ErrorCode.None)
            {
                group.AuthorizedOperations = AuthorizedOperations.OfGroup;
            }

            response.Groups.Add(group);
        }

        return response;
    }

    private async ValueTask<DescribeGroupsResponse.Group> DescribeAsync(string groupId, RequestContext context)
    {
        var error = await groups.CheckExistingAsync(groupId, ErrorCode.GroupIdNotFound, context, mayBeEmpty: true);
        var description = error != ErrorCode.None
            ? new GroupDescription { Error = error, Found = error != ErrorCode.GroupIdNotFound }
            : await groups.AskAsync(groupId, 0, static (grain, _) => grain.DescribeAsync(), static code => new GroupDescription { Error = code, Found = true }, context);
        if (!description.Found)
        {
            return context.Version >= FirstWithNotFound
                ? new() { GroupId = groupId, GroupState = Dead, ErrorCode = context.Count(ErrorCode.GroupIdNotFound), ErrorMessage = $"Group {groupId} not found." }
                : new() { GroupId = groupId, GroupState = Dead };
        }

        var group = new DescribeGroupsResponse.Group
        {
            ErrorCode = context.Count(description.Error),
            GroupId = groupId,
            GroupState = description.State,
            ProtocolType = description.ProtocolType,
            ProtocolName = description.ProtocolName,
        };
        foreach (var member in description.Members)
        {
            group.Members.Add(new()
            {
                MemberId = member.MemberId,
                GroupInstanceId = member.InstanceId,
                ClientId = member.ClientId,
                ClientHost = member.ClientHost,
                MemberMetadata = member.Metadata,
                MemberAssignment = member.Assignment,
            });
        }

        return group;
    }
}
