using OrleansStream.Model.Ids;

namespace OrleansStream.Abstractions.Groups;

/// <summary>
/// The calls of one group on the broker that coordinates it, as <see cref="IConsumerGroupGrain"/> has them for callers elsewhere. Not a grain, and not one's
/// interface: Orleans takes every class that implements one for a grain.
/// </summary>
public interface IGroupCalls
{
    /// <summary>Answers at once, or with a ticket of <see cref="TicketBoard"/> that a later <see cref="JoinAnswer"/> completes.</summary>
    Task<Parkable<JoinAnswer>> JoinAsync(JoinRequest request);

    /// <summary>Answers at once, or with a ticket that a later <see cref="SyncAnswer"/> completes.</summary>
    Task<Parkable<SyncAnswer>> SyncAsync(SyncRequest request);

    Task<ErrorCode> HeartbeatAsync(HeartbeatRequest request);

    Task<LeaveAnswer> LeaveAsync(LeaveRequest request);

    /// <summary>Answers once the offsets are durable, by a ticket.</summary>
    Task<Parkable<CommitAnswer>> CommitAsync(CommitRequest request);

    /// <summary>Offsets of the named partitions, or all (null). A partition without one is answered with offset -1 and no error.</summary>
    Task<FetchOffsetsAnswer> FetchOffsetsAsync(IReadOnlyList<PartitionId>? partitions);

    Task<Parkable<DeleteOffsetsAnswer>> DeleteOffsetsAsync(IReadOnlyList<PartitionId> partitions);

    Task<Parkable<DeleteGroupAnswer>> DeleteAsync();

    Task<GroupDescription> DescribeAsync();
}
