using OrleansStream.Coordination.Groups.Members;

namespace OrleansStream.Coordination.Groups;

/// <summary>Makes a running group of the durable state.</summary>
internal static class GroupLoading
{
    public static void Restore(GroupContents group)
    {
        if (!group.Durable.Exists)
        {
            return;
        }

        var metadata = group.Durable.Metadata;
        var since = metadata is null ? group.Now : DateTimeOffset.FromUnixTimeMilliseconds(metadata.StateTimestampMs);
        group.Standing.Generation = metadata?.Generation ?? 0;
        group.Standing.ProtocolType = metadata?.ProtocolType;
        group.Standing.ProtocolName = metadata?.ProtocolName;
        foreach (var stored in metadata?.Members ?? [])
        {
            var member = GroupMember.From(stored);
            group.Roster.Add(member);
            group.RefreshSession(member);
        }

        group.Roster.LeaderId = metadata?.LeaderId ?? group.Roster.LeaderId;
        group.Standing.MoveTo(group.Roster.Count > 0 ? GroupState.Stable : GroupState.Empty, since);
        group.ReadSubscriptions();
    }
}
