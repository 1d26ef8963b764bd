namespace OrleansStream.Abstractions.Groups;

/// <summary>The groups that this broker coordinates.</summary>
public interface ILocalGroups
{
    /// <summary>Lists them all, loading journals that were not needed yet. COORDINATOR_LOAD_IN_PROGRESS if that takes longer than a grain call may.</summary>
    Task<ListGroupsAnswer> ListAsync(CancellationToken cancellationToken);

    /// <summary>Whether the group has members, offsets or a ticket, so that a question about an unknown name makes no activation.</summary>
    ValueTask<bool> ExistsAsync(string groupId, CancellationToken cancellationToken);
}
