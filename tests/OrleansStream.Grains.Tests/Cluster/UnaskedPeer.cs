using System.Collections.Immutable;
using OrleansStream.Abstractions.Cluster;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains.Tests.Cluster;

/// <summary>Another broker's service that a test expects no call of, but for those that it overrides.</summary>
internal abstract class UnaskedPeer : IBrokerService
{
    public Task<BrokerStats> StatsAsync() => throw new NotSupportedException();

    public Task<IReadOnlyList<LocalPartition>> LocalPartitionsAsync(PartitionId? after, int atMost) => throw new NotSupportedException();

    public Task<int> DrainAsync() => throw new NotSupportedException();

    public Task<ReleaseReply> PrepareAsync(PartitionId partition, SessionId owner) => throw new NotSupportedException();

    public Task<ReleaseReply> ReleaseAsync(PartitionId partition, SessionId owner) => throw new NotSupportedException();

    public Task<ReleaseReply?> ReleaseRestAsync(Guid answer, int from) => throw new NotSupportedException();

    public virtual Task<ImmutableArray<ErrorCode>> ClaimAsync(ClaimRequest request) => throw new NotSupportedException();

    public virtual Task<HeardNews> HearAsync(BrokerNews news) => throw new NotSupportedException();
}
