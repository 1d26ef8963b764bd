using System.Runtime.CompilerServices;
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
/// until its claim comes for it (rule O3). So a partition is without an owner for one claim, whatever the number that move. A broker that is slow, or takes
/// nothing, holds up what belongs to it, and nothing else.
/// </summary>
internal sealed partial class HandOver(ClusterMembers members, HandleTable handles, IBrokerServices services, MoveSurroundings surroundings)
{
    // Claims that one message asks for. Small, so that a slow one holds up few others.
    private const int Chunk = 10;
    private static readonly TimeSpan AskAtMost = Limits.GrainCall + Limits.GrainCall;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    private static readonly object Counted = new();

    // A partition may be due to one broker and, as the cluster changes, to another before the first was heard of: both find it gone, and one counts it.
    private readonly ConditionalWeakTable<PartitionHandle, object> _counted = [];

    /// <summary>Whether something is open here that belongs elsewhere.</summary>
    public bool IsDue => handles.All.Any(IsMisplaced);

    /// <summary>Hands over until nothing is open here that belongs elsewhere. Follows the cluster while it runs: what comes to belong here again stays.</summary>
    /// <param name="moved">Counts what other brokers took, also of a hand-over that is cancelled.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public Task RunAsync(HandedOver moved, CancellationToken cancellationToken) => RunAsync(surroundings.Options.HandOverAtOnce, moved, cancellationToken);

    /// <summary>As <see cref="RunAsync(HandedOver, CancellationToken)"/>, for a broker that is about to end: more at once.</summary>
    public Task LeaveAsync(HandedOver moved, CancellationToken cancellationToken) => RunAsync(surroundings.Options.AtOnce, moved, cancellationToken);

    private async Task RunAsync(int atOnce, HandedOver moved, CancellationToken cancellationToken)
    {
        var giving = new Dictionary<BrokerId, Task>();
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            while (true)
            {
                foreach (var target in Misplaced().Keys.Where(target => !giving.ContainsKey(target)))
                {
                    giving.Add(target, GiveAsync(target, atOnce, moved, ending.Token));
                }

                if (giving.Count == 0)
                {
                    return;
                }

                // The cluster may change meanwhile, and one more broker have something due.
                await Task.WhenAny([.. giving.Values, Task.Delay(LongestPause, surroundings.Time, ending.Token)]);
                cancellationToken.ThrowIfCancellationRequested();
                foreach (var (target, given) in giving.Where(static one => one.Value.IsCompleted).ToList())
                {
                    giving.Remove(target);
                    await given;
                }
            }
        }
        finally
        {
            await ending.CancelAsync();
            await Task.WhenAll(giving.Values).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
    }

    // Until nothing is due for this broker any more.
    private async Task GiveAsync(BrokerId target, int atOnce, HandedOver moved, CancellationToken cancellationToken)
    {
        var pause = FirstPause;
        var isTold = false;
        while (true)
        {
            var misplaced = Misplaced();
            if (!misplaced.TryGetValue(target, out var due))
            {
                return;
            }

            await AskAllAsync(target, due.OrderBy(static handle => RankOf(handle.Id)).ThenBy(static handle => handle.Id), Math.Max(1, atOnce / misplaced.Count), cancellationToken);
            var gone = due.FindAll(static handle => !handle.IsOwner);
            var taken = gone.Count(handle => _counted.TryAdd(handle, Counted));
            moved.Add(target, taken);
            surroundings.Metrics.HandedOver.Add(taken);
            if (gone.Count > 0)
            {
                pause = FirstPause;
                continue;
            }

            // It took nothing: it may not have heard of the change yet, or cannot claim now. Only the latter lasts for seconds.
            if (pause == LongestPause && !isTold)
            {
                isTold = true;
                LogNothingTaken(surroundings.Logger, target, due.Count);
            }

            await Task.Delay(pause, surroundings.Time, cancellationToken);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    // One topic after the other, and all brokers in the same order: a client that is refused for one partition, and looks for the leaders of the whole topic then, finds the others of
    // its partitions without being refused. Journals last: a commit of offsets that is under way for a topic still finds its journal. That holds for one broker's share; nobody waits for another's.
    private static int RankOf(PartitionId partition) => partition.Topic == HiddenTopics.Catalog ? 2 : partition.Topic == HiddenTopics.Groups ? 1 : 0;

    private bool IsMisplaced(PartitionHandle handle) => handle.IsOwner && members.PlacedOn(handle.Id) != members.Self;

    // By the broker that is to have them.
    private Dictionary<BrokerId, List<PartitionHandle>> Misplaced() => handles.All.Where(static handle => handle.IsOwner)
        .GroupBy(handle => members.PlacedOn(handle.Id))
        .Where(target => target.Key != members.Self)
        .ToDictionary(static target => target.Key, static target => target.ToList());

    private Task AskAllAsync(BrokerId target, IEnumerable<PartitionHandle> due, int atOnce, CancellationToken cancellationToken)
    {
        var size = Math.Min(Chunk, atOnce);
        var isSilent = false;
        var options = new ParallelOptions { MaxDegreeOfParallelism = Math.Max(1, atOnce / size), CancellationToken = cancellationToken };
        return Parallel.ForEachAsync(due.Chunk(size), options, async (chunk, stop) =>
        {
            // What clients have taken along by now is not asked for. And of a broker that does not answer, nothing more before the next round.
            PartitionId[] left = [.. chunk.Where(handle => handle.IsOwner && members.PlacedOn(handle.Id) == target).Select(static handle => handle.Id)];
            if (left.Length > 0 && !Volatile.Read(ref isSilent) && !await IsAnsweredAsync(target, left, stop))
            {
                Volatile.Write(ref isSilent, true);
            }
        });
    }

    private async Task<bool> IsAnsweredAsync(BrokerId target, PartitionId[] partitions, CancellationToken cancellationToken)
    {
        if (members.SiloOf(target) is not { } silo)
        {
            return false;
        }

        try
        {
            await services.Of(silo).ClaimAsync(new ClaimRequest(members.Layout.Version.Value, [.. partitions])).WaitAsync(AskAtMost, surroundings.Time, cancellationToken);
            return true;
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            LogNotTaken(surroundings.Logger, exception, target, partitions.Length);
            return false;
        }
    }

    [LoggerMessage(LogLevel.Information, "Broker {Target} takes none of the {Count} partitions that belong to it now; it is asked again until it does")]
    private static partial void LogNothingTaken(ILogger logger, BrokerId target, int count);

    [LoggerMessage(LogLevel.Debug, "Broker {Target} did not answer when it was asked to take {Count} partitions")]
    private static partial void LogNotTaken(ILogger logger, Exception exception, BrokerId target, int count);
}

/// <summary>What moving partitions takes.</summary>
internal sealed record MoveSurroundings(MovementOptions Options, MovementMetrics Metrics, TimeProvider Time, ILogger<PartitionMover> Logger);
