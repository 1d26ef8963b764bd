namespace OrleansStream.Abstractions.Groups;

/// <summary>The groups that this broker coordinates.</summary>
public interface ILocalGroups
{
    /// <summary>
    /// The calls of a group, without a grain between: its tickets are those of this broker's board, so a connection never has to ask an activation that lives
    /// elsewhere. NOT_COORDINATOR for a group of another broker.
    /// </summary>
    IGroupCalls Of(string groupId);

    /// <summary>Lists them all, loading journals that were not needed yet. COORDINATOR_LOAD_IN_PROGRESS if that takes longer than a grain call may.</summary>
    Task<ListGroupsAnswer> ListAsync(CancellationToken cancellationToken);

    /// <summary>Whether the group has members, offsets or a ticket, so that a question about an unknown name makes no activation.</summary>
    ValueTask<bool> ExistsAsync(string groupId, CancellationToken cancellationToken);
}
