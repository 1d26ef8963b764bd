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
    public Task<int> RunAsync(CancellationToken cancellationToken) => RunAsync(surroundings.Options.HandOverAtOnce, cancellationToken);

    /// <summary>As <see cref="RunAsync(CancellationToken)"/>, for a broker that is about to end: more at once.</summary>
    public Task<int> LeaveAsync(CancellationToken cancellationToken) => RunAsync(surroundings.Options.AtOnce, cancellationToken);

    private async Task<int> RunAsync(int atOnce, CancellationToken cancellationToken)
    {
        var taken = 0;
        var pause = FirstPause;
        while (true)
        {
            var due = handles.All.Where(IsMisplaced).ToList();
            if (due.Count == 0)
            {
                return taken;
            }

            await AskAllAsync(due, atOnce, cancellationToken);
            var moved = due.Count(static handle => !handle.IsOwner);
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

    private Task AskAllAsync(List<PartitionHandle> due, int atOnce, CancellationToken cancellationToken)
    {
        var size = Math.Min(Chunk, atOnce);

        // Of those for one broker topics first: a commit of offsets that is under way for one of them still finds its journal.
        var chunks = due.OrderBy(static handle => handle.Id.Topic == HiddenTopics.Catalog ? 2 : handle.Id.Topic == HiddenTopics.Groups ? 1 : 0)
            .GroupBy(handle => members.PlacedOn(handle.Id))
            .SelectMany(target => target.Chunk(size).Select((chunk, index) => (Index: index, Target: target.Key, Handles: chunk)))
            .OrderBy(static chunk => chunk.Index);
        var options = new ParallelOptions { MaxDegreeOfParallelism = Math.Max(1, atOnce / size), CancellationToken = cancellationToken };
        return Parallel.ForEachAsync(chunks, options, async (chunk, stop) =>
        {
            // What clients have taken along by now is not asked for.
            PartitionId[] left = [.. chunk.Handles.Where(IsMisplaced).Select(static handle => handle.Id)];
            if (left.Length > 0)
            {
                await AskAsync(chunk.Target, left, stop);
            }
        });
    }

    private async Task AskAsync(BrokerId target, PartitionId[] partitions, CancellationToken cancellationToken)
    {
        if (members.SiloOf(target) is not { } silo)
        {
            return;
        }

        try
        {
            await services.Of(silo).ClaimAsync(new ClaimRequest(members.Layout.Version.Value, [.. partitions])).WaitAsync(AskAtMost, surroundings.Time, cancellationToken);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            LogNotTaken(surroundings.Logger, exception, target, partitions.Length);
        }
    }

    [LoggerMessage(LogLevel.Information, "Broker {Target} did not take {Count} partitions that belong to it; it is asked again")]
    private static partial void LogNotTaken(ILogger logger, Exception exception, BrokerId target, int count);
}

/// <summary>What moving partitions takes.</summary>
internal sealed record MoveSurroundings(MovementOptions Options, MovementMetrics Metrics, TimeProvider Time, ILogger<PartitionMover> Logger);
