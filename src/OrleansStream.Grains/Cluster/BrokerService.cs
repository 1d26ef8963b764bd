using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Orleans.Concurrency;
using Orleans.Runtime;
using OrleansStream.Abstractions.Cluster;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Grains.Partitions;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains.Cluster;

/// <summary>This broker for others and for its own end. Reads the table of handles, which is safe for any number of readers, so calls need not wait for one another.</summary>
/// <param name="id">The service's.</param>
/// <param name="silo">The one it lives in.</param>
/// <param name="loggers">The host's.</param>
/// <param name="partitions">Those of this broker.</param>
/// <param name="cluster">Which broker this is.</param>
/// <param name="peers">Answers what other brokers ask; null in a broker that is alone.</param>
[Reentrant]
internal sealed partial class BrokerService(GrainId id, Silo silo, ILoggerFactory loggers, LocalPartitions partitions, IClusterView cluster, PeerRequests? peers = null)
    : GrainService(id, silo, loggers), IBrokerService
{
    private readonly HandleTable _handles = partitions.Log.Handles;
    private readonly ILogger _logger = loggers.CreateLogger<BrokerService>();

    public Task<BrokerStats> StatsAsync() =>
        Task.FromResult(new BrokerStats(cluster.Self, _handles.Count, _handles.All.Sum(static handle => handle.SizeBytes), partitions.IsDraining));

    public Task<IReadOnlyList<LocalPartition>> LocalPartitionsAsync(PartitionId? after, int atMost)
    {
        var page = _handles.All.Where(handle => after is not { } last || handle.Id.CompareTo(last) > 0)
            .OrderBy(static handle => handle.Id)
            .Take(Math.Clamp(atMost, 1, IBrokerService.MaxListed))
            .Select(static handle => new LocalPartition(handle.Id, handle.Epoch, handle.LogStart, handle.HighWatermark, handle.SizeBytes));
        return Task.FromResult<IReadOnlyList<LocalPartition>>([.. page]);
    }

    public Task<ReleaseReply> PrepareAsync(PartitionId partition, SessionId owner) => peers is null ? Task.FromResult(new ReleaseReply(false, [], null, 0)) : peers.PrepareAsync(partition, owner);

    public Task<ReleaseReply> ReleaseAsync(PartitionId partition, SessionId owner) => peers is null ? Task.FromResult(new ReleaseReply(false, [], null, 0)) : peers.ReleaseAsync(partition, owner);

    public Task<ReleaseReply?> ReleaseRestAsync(Guid answer, int from) => Task.FromResult(peers?.ReleaseRest(answer, from));

    public Task<ImmutableArray<ErrorCode>> ClaimAsync(ClaimRequest request) =>
        peers is null ? Task.FromResult<ImmutableArray<ErrorCode>>([.. request.Partitions.Select(static _ => ErrorCode.NotLeaderOrFollower)]) : peers.ClaimAsync(request);

    public Task<HeardNews> HearAsync(BrokerNews news) => peers is null ? Task.FromResult(new HeardNews(0)) : peers.HearAsync(news);

    // Topics first: a commit of offsets that is under way for one of them still finds its journal.
    public Task<int> DrainAsync()
    {
        partitions.BeginDraining();
        var given = _handles.All.OrderBy(static handle => HiddenTopics.Contains(handle.Id.Topic)).ToList();
        foreach (var handle in given)
        {
            try
            {
                _handles.GiveUp(handle);
            }
            catch (Exception exception)
            {
                // It ran somebody's code that waited there; the others are to hear too.
                LogNotGivenUp(exception, handle.Id);
            }
        }

        return Task.FromResult(given.Count);
    }

    // Connections were answered and closed before: whoever still waits here is a group's member in this process, and hears so.
    public override async Task Stop()
    {
        await DrainAsync();
        await base.Stop();
    }

    [LoggerMessage(LogLevel.Warning, "Giving up partition {Partition} failed; it ends with the process")]
    private partial void LogNotGivenUp(Exception exception, PartitionId partition);
}
