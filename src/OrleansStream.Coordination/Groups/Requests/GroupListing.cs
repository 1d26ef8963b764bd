namespace OrleansStream.Coordination.Groups.Requests;

/// <summary>A group as ListGroups shows it. The type of each is <see cref="Type"/>: KIP-848 groups are not offered.</summary>
public readonly record struct GroupListing(string GroupId, string ProtocolType, GroupState State)
{
    /// <summary>As shown; filters compare without regard to case.</summary>
    public const string Type = "classic";
}
