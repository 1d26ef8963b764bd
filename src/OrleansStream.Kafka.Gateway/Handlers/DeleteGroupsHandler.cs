using OrleansStream.Abstractions.Groups;
using OrleansStream.Kafka.Gateway.Dispatch;
using OrleansStream.Kafka.Gateway.Groups;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Messages;

namespace OrleansStream.Kafka.Gateway.Handlers;

/// <summary>Deletes groups without members, and their offsets.</summary>
internal sealed class DeleteGroupsHandler(GroupDoor groups) : ApiHandler<DeleteGroupsRequest>(ApiKey.DeleteGroups)
{
    protected override async ValueTask<IResponse> HandleAsync(DeleteGroupsRequest request, RequestContext context)
    {
        var response = new DeleteGroupsResponse();
        foreach (var groupId in request.GroupIds)
        {
            var error = await groups.CheckExistingAsync(groupId, ErrorCode.GroupIdNotFound, context, mayBeEmpty: true);
            if (error == ErrorCode.None)
            {
                var answer = await groups.AskAsync<int, DeleteGroupAnswer>(groupId, 0, static (grain, _) => grain.DeleteAsync(), static code => new DeleteGroupAnswer(code), context);
                error = answer.Error;
            }

            response.Groups.Add(new() { GroupId = groupId, ErrorCode = context.Count(error) });
        }

        return response;
    }
}
