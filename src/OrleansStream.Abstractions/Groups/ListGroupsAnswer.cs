namespace OrleansStream.Abstractions.Groups;

/// <summary>The groups of one broker.</summary>
[GenerateSerializer, Immutable, Alias("os.ListGroupsAnswer")]
public sealed record ListGroupsAnswer(ErrorCode Error, IReadOnlyList<GroupListing> Groups);

/// <summary>A group as ListGroups shows it. The protocol type of a group that only keeps offsets is empty.</summary>
[GenerateSerializer, Immutable, Alias("os.GroupListing")]
public readonly record struct GroupListing(string GroupId, string ProtocolType, string State);
