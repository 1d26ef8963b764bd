using OrleansStream.Coordination.Groups.Members;
using OrleansStream.Coordination.Groups.Requests;

namespace OrleansStream.Coordination.Groups;

/// <summary>The group as tools see it.</summary>
internal static class GroupView
{
    public static GroupDescription Describe(GroupContents group)
    {
        var standing = group.Standing;
        var isFound = standing is { State: not GroupState.Dead, IsBeingDeleted: false };
        var isStable = isFound && standing.State is GroupState.Stable;
        return new GroupDescription
        {
            GroupId = group.GroupId,
            Found = isFound,
            State = isFound ? standing.State : GroupState.Dead,
            ProtocolType = isFound ? standing.ProtocolType ?? "" : "",
            ProtocolName = isStable ? standing.ProtocolName ?? "" : "",
            Generation = standing.Generation,
            Members = isFound ? [.. group.Roster.Members.Select(member => Describe(member, isStable ? standing.ProtocolName : null))] : [],
        };
    }

    public static GroupListing? List(GroupContents group) => group.Standing is { State: not GroupState.Dead, IsBeingDeleted: false } standing
        ? new GroupListing(group.GroupId, standing.ProtocolType ?? "", standing.State)
        : null;

    private static MemberDescription Describe(GroupMember member, string? protocol) => new()
    {
        MemberId = member.Id,
        InstanceId = member.InstanceId,
        ClientId = member.ClientId,
        ClientHost = member.ClientHost,
        Metadata = protocol is null ? [] : member.MetadataFor(protocol),
        Assignment = protocol is null ? [] : member.Assignment,
    };
}
