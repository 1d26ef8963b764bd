using Microsoft.Extensions.Logging;
using OrleansStream.Abstractions.Cluster;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Grains.Cluster;
using OrleansStream.Log.Serving;
using OrleansStream.Model;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains.Partitions;

/// <summary>
/// Gives partitions that are open here to the brokers that placement has given them to: they are asked to claim them, a few at a time, and each is served here
/// until its claim comes for it (rule O3). So a partition is without an owner for one claim, whatever the number that move.
/// </summary>
internal sealed partial class HandOver(ClusterMembers members, HandleTable handles, IBrokerServices services, MoveSurroundings surroundings)
{
    // Claims that one message asks for. Small, so that a slow one holds up few others, and the next broker's turn comes soon.
    private const int Chunk = 10;
    private static readonly TimeSpan AskAtMost = Limits.GrainCall + Limits.GrainCall;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    /// <summary>Whether something is open here that belongs elsewhere.</summary>
    public bool IsDue => handles.All.Any(IsMisplaced);

    /// <summary>Hands over until nothing is open here that belongs elsewhere. Follows the cluster while it runs: what comes to belong here again stays.</summary>
    /// <returns>How many partitions other brokers took.</returns>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var taken = 0;
        var pause = FirstPause;
        while (true)
        {
            var due = handles.All.Where(IsMisplaced).Select(static handle => handle.Id).ToList();
            if (due.Count == 0)
            {
                return taken;
            }

            var moved = await AskAllAsync(due, cancellationToken);
            taken += moved;
            surroundings.Metrics.HandedOver.Add(moved);
            if (moved > 0)
            {
                pause = FirstPause;
                continue;
            }

            // Nobody took anything: the others may not have heard of the change yet, or cannot claim now.
            await Task.Delay(pause, surroundings.Time, cancellationToken);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    private bool IsMisplaced(PartitionHandle handle) => handle.IsOwner && members.PlacedOn(handle.Id) != members.Self;

    private async Task<int> AskAllAsync(List<PartitionId> due, CancellationToken cancellationToken)
    {
        // Topics first: a commit of offsets that is under way for one of them still finds its journal. The catalog is last of all.
        var chunks = due.OrderBy(static partition => partition.Topic == HiddenTopics.Catalog ? 2 : partition.Topic == HiddenTopics.Groups ? 1 : 0)
            .GroupBy(members.PlacedOn)
            .SelectMany(static target => target.Chunk(Chunk).Select((partitions, index) => (Index: index, Target: target.Key, Partitions: partitions)))
            .OrderBy(static chunk => chunk.Index);
        var moved = 0;
        var atOnce = Math.Max(1, surroundings.Options.AtOnce / Chunk);
        await Parallel.ForEachAsync(chunks, new ParallelOptions { MaxDegreeOfParallelism = atOnce, CancellationToken = cancellationToken }, async (chunk, stop) =>
            Interlocked.Add(ref moved, await AskAsync(chunk.Target, chunk.Partitions, stop)));
        return moved;
    }

    private async Task<int> AskAsync(BrokerId target, PartitionId[] partitions, CancellationToken cancellationToken)
    {
        if (members.SiloOf(target) is not { } silo)
        {
            return 0;
        }

        try
        {
            var answers = await services.Of(silo).ClaimAsync(new ClaimRequest(members.Layout.Version.Value, [.. partitions])).WaitAsync(AskAtMost, surroundings.Time, cancellationToken);
            return answers.Count(static answer => answer == ErrorCode.None);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            LogNotTaken(surroundings.Logger, exception, target, partitions.Length);
            return 0;
        }
    }

    [LoggerMessage(LogLevel.Information, "Broker {Target} did not take {Count} partitions that belong to it; it is asked again")]
    private static partial void LogNotTaken(ILogger logger, Exception exception, BrokerId target, int count);
}

/// <summary>What moving partitions takes.</summary>
internal sealed record MoveSurroundings(MovementOptions Options, MovementMetrics Metrics, TimeProvider Time, ILogger<PartitionMover> Logger);
