using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;
using OrleansStream.Abstractions.Cluster;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Grains.Partitions;
using OrleansStream.Grains.Topics;
using OrleansStream.Model;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains.Cluster;

/// <summary>What other brokers ask of this one.</summary>
internal sealed partial class PeerRequests(ClusterMembers members, ReleaseDesk releases, LocalPartitions partitions, PartitionLeaders leaders, PeerSurroundings surroundings)
{
    // Half of what a grain call may take: to hear of the cluster first, and then to open.
    private static readonly TimeSpan CatchUpAtMost = Limits.GrainCall / 4;
    private static readonly TimeSpan OpenAtMost = Limits.GrainCall / 2;

    // Whoever waits until a change of the catalog is known everywhere does so for a second.
    private static readonly TimeSpan FetchAtMost = TimeSpan.FromMilliseconds(800);

    public Task<ReleaseReply> PrepareAsync(PartitionId partition, SessionId owner) => releases.PrepareAsync(partition, owner);

    public Task<ReleaseReply> ReleaseAsync(PartitionId partition, SessionId owner) => releases.ReleaseAsync(partition, owner);

    public ReleaseReply? ReleaseRest(Guid answer, int from) => releases.Rest(answer, from);

    public async Task<ImmutableArray<ErrorCode>> ClaimAsync(ClaimRequest request)
    {
        await TryAsync(cancellationToken => members.CatchUpAsync(new MembershipVersion(request.MembershipVersion), cancellationToken), CatchUpAtMost);
        return [.. await Task.WhenAll(request.Partitions.Select(OpenAsync))];
    }

    public async Task<HeardNews> HearAsync(BrokerNews news)
    {
        foreach (var partition in news.Partitions)
        {
            leaders.Note(partition.Partition, new Leader(news.Broker, news.Silo, partition.Epoch, partition.IsServed, partition.IsLeaving));
        }

        foreach (var step in news.Catalog)
        {
            surroundings.Catalog.TryTake(step);
        }

        if (surroundings.Catalog.Current.Version < news.CatalogVersion)
        {
            await TryAsync(surroundings.Follower.CatchUpAsync, FetchAtMost);
        }

        // Last: storage that does not answer holds up nothing of the rest, which is there already.
        var missedRecord = news.RecordChanged && !await TryAsync(members.ReadRecordsAsync, CatchUpAtMost);
        return new HeardNews(surroundings.Catalog.Current.Version, missedRecord);
    }

    private async Task<ErrorCode> OpenAsync(PartitionId partition)
    {
        try
        {
            var opened = await partitions.OpenAsync(partition, CancellationToken.None).AsTask().WaitAsync(OpenAtMost, surroundings.Time);
            return opened.Error;
        }
        catch (Exception)
        {
            // It goes on, or storage failed; in both cases the owner asks again, and finds out that way.
            return ErrorCode.LeaderNotAvailable;
        }
    }

    private async Task<bool> TryAsync(Func<CancellationToken, Task> action, TimeSpan atMost)
    {
        try
        {
            using var tooLong = new CancellationTokenSource(atMost, surroundings.Time);
            await action(tooLong.Token);
            return true;
        }
        catch (Exception exception)
        {
            LogNotCaughtUp(surroundings.Logger, exception);
            return false;
        }
    }

    [LoggerMessage(LogLevel.Debug, "What another broker told of could not be looked up in time")]
    private static partial void LogNotCaughtUp(ILogger logger, Exception exception);
}

/// <summary>What answering other brokers takes beside partitions.</summary>
internal sealed record PeerSurroundings(CatalogView Catalog, CatalogFollower Follower, TimeProvider Time, ILogger<PeerRequests> Logger);
