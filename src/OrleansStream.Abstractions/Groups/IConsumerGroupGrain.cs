using OrleansStream.Model.Ids;

namespace OrleansStream.Abstractions.Groups;

/// <summary>
/// One group of the classic protocol and the offsets that it committed. Key: <see cref="GroupKeys.Of"/> of the group id. It lives on the owner of the group's journal
/// partition; on another broker every answer is NOT_COORDINATOR, and COORDINATOR_LOAD_IN_PROGRESS while the journal is read.
/// </summary>
[Alias("os.IConsumerGroupGrain")]
public interface IConsumerGroupGrain : IGrainWithStringKey
{
    /// <summary>Answers at once, or with a ticket of <see cref="TicketBoard"/> that a later <see cref="JoinAnswer"/> completes.</summary>
    [Alias("Join")]
    Task<Parkable<JoinAnswer>> JoinAsync(JoinRequest request);

    /// <summary>Answers at once, or with a ticket that a later <see cref="SyncAnswer"/> completes.</summary>
    [Alias("Sync")]
    Task<Parkable<SyncAnswer>> SyncAsync(SyncRequest request);

    [Alias("Heartbeat")]
    Task<ErrorCode> HeartbeatAsync(HeartbeatRequest request);

    [Alias("Leave")]
    Task<LeaveAnswer> LeaveAsync(LeaveRequest request);

    /// <summary>Answers once the offsets are durable, by a ticket.</summary>
    [Alias("Commit")]
    Task<Parkable<CommitAnswer>> CommitAsync(CommitRequest request);

    /// <summary>Offsets of the named partitions, or all (null). A partition without one is answered with offset -1 and no error.</summary>
    [Alias("FetchOffsets")]
    Task<FetchOffsetsAnswer> FetchOffsetsAsync(IReadOnlyList<PartitionId>? partitions);

    [Alias("DeleteOffsets")]
    Task<Parkable<DeleteOffsetsAnswer>> DeleteOffsetsAsync(IReadOnlyList<PartitionId> partitions);

    [Alias("Delete")]
    Task<Parkable<DeleteGroupAnswer>> DeleteAsync();

    [Alias("Describe")]
    Task<GroupDescription> DescribeAsync();
}
