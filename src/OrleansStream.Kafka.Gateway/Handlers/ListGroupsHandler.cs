using OrleansStream.Kafka.Gateway.Dispatch;
using OrleansStream.Kafka.Gateway.Groups;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Messages;

namespace OrleansStream.Kafka.Gateway.Handlers;

/// <summary>Lists the groups that this broker coordinates; tools ask every broker.</summary>
internal sealed class ListGroupsHandler(GroupDoor groups) : ApiHandler<ListGroupsRequest>(ApiKey.ListGroups)
{
    // The only kind of group that there is here.
    private const string Classic = "classic";

    protected override async ValueTask<IResponse> HandleAsync(ListGroupsRequest request, RequestContext context)
    {
        var answer = await groups.ListAsync(context);
        var response = new ListGroupsResponse { ErrorCode = context.Count(answer.Error) };
        if (!Admits(request.TypesFilter, Classic))
        {
            return response;
        }

        foreach (var group in answer.Groups)
        {
            if (Admits(request.StatesFilter, group.State))
            {
                response.Groups.Add(new() { GroupId = group.GroupId, ProtocolType = group.ProtocolType, GroupState = group.State, GroupType = Classic });
            }
        }

        return response;
    }

    private static bool Admits(List<string> filter, string value) => filter.Count == 0 || filter.Contains(value, StringComparer.OrdinalIgnoreCase);
}
