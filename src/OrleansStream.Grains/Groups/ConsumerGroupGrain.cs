using OrleansStream.Abstractions.Cluster;
using OrleansStream.Abstractions.Groups;
using OrleansStream.Grains.Placement;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains.Groups;

/// <summary>
/// The door to one group for callers elsewhere. Connections of the group's coordinator go to <see cref="ILocalGroups.Of"/>, and by that way come the answers:
/// a ticket is worth something on one broker only.
/// </summary>
[GroupPlacement]
internal sealed class ConsumerGroupGrain(ILocalGroups groups, IClusterView cluster) : Grain, IConsumerGroupGrain
{
    private string GroupId => GroupKeys.GroupOf(this.GetPrimaryKeyString());

    public Task<Parkable<JoinAnswer>> JoinAsync(JoinRequest request) => Group().JoinAsync(request);

    public Task<Parkable<SyncAnswer>> SyncAsync(SyncRequest request) => Group().SyncAsync(request);

    public Task<ErrorCode> HeartbeatAsync(HeartbeatRequest request) => Group().HeartbeatAsync(request);

    public Task<LeaveAnswer> LeaveAsync(LeaveRequest request) => Group().LeaveAsync(request);

    public Task<Parkable<CommitAnswer>> CommitAsync(CommitRequest request) => Group().CommitAsync(request);

    public Task<FetchOffsetsAnswer> FetchOffsetsAsync(IReadOnlyList<PartitionId>? partitions) => Group().FetchOffsetsAsync(partitions);

    public Task<Parkable<DeleteOffsetsAnswer>> DeleteOffsetsAsync(IReadOnlyList<PartitionId> partitions) => Group().DeleteOffsetsAsync(partitions);

    public Task<Parkable<DeleteGroupAnswer>> DeleteAsync() => Group().DeleteAsync();

    public Task<GroupDescription> DescribeAsync() => Group().DescribeAsync();

    // On a broker that does not coordinate the group any more each call says so, and the next caller's grain is placed anew.
    private IGroupCalls Group()
    {
        if (cluster.CoordinatorOf(GroupId) != cluster.Self)
        {
            DeactivateOnIdle();
        }

        return groups.Of(GroupId);
    }
}
