using System.Collections.Concurrent;
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
/// until its claim comes for it (rule O3). So a partition is without an owner for one claim, whatever the number that move. Producers are told a moment before:
/// those who go to the new owner then cause the claim themselves, and are never refused.
/// </summary>
internal sealed partial class HandOver(ClusterMembers members, HandleTable handles, IBrokerServices services, MoveSurroundings surroundings)
{
    // Claims that one message asks for. Small, so that a slow one holds up few others, and the next broker's turn comes soon.
    private const int Chunk = 10;
    private static readonly TimeSpan AskAtMost = Limits.GrainCall + Limits.GrainCall;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    // A claim takes some tenths of a second. Whoever is longer about all of its claims may have stopped, and producers are not sent there.
    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(1);

    private readonly MoveNotices _notices = new(members, handles, isOn: surroundings.Options.Notice > TimeSpan.Zero);

    /// <summary>Whether something is open here that belongs elsewhere.</summary>
    public bool IsDue => handles.All.Any(IsMisplaced);

    /// <summary>Hands over until nothing is open here that belongs elsewhere. Follows the cluster while it runs: what comes to belong here again stays.</summary>
    /// <returns>How many partitions other brokers took.</returns>
    public Task<int> RunAsync(CancellationToken cancellationToken) => RepeatAsync(StayAsync, cancellationToken);

    /// <summary>As <see cref="RunAsync"/>, for a broker that is about to end: its producers are told at once, and nothing waits.</summary>
    public Task<int> LeaveAsync(CancellationToken cancellationToken) => RepeatAsync(
        async (due, stop) =>
        {
            _notices.Announce(due);
            await AskAllAsync([.. due.OrderBy(static handle => handle.Id.Topic == HiddenTopics.Catalog ? 2 : handle.Id.Topic == HiddenTopics.Groups ? 1 : 0)], surroundings.Options.AtOnce, stop);
        },
        cancellationToken);

    /// <summary>
    /// Takes back what was announced of partitions that stay after all, or go to yet another broker. To be called at each change of the cluster: a broker that is
    /// dead answers no claim, and until that is known producers would be sent to it.
    /// </summary>
    public void TakeBack() => _notices.OnChanged();

    private async Task<int> RepeatAsync(Func<List<PartitionHandle>, CancellationToken, Task> move, CancellationToken cancellationToken)
    {
        var taken = 0;
        var pause = FirstPause;
        try
        {
            while (true)
            {
                var due = handles.All.Where(IsMisplaced).ToList();
                if (due.Count == 0)
                {
                    return taken;
                }

                await move(due, cancellationToken);
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
        finally
        {
            _notices.End();
        }
    }

    // Each wave is announced while the one before it moves.
    private async Task StayAsync(List<PartitionHandle> due, CancellationToken cancellationToken)
    {
        var atOnce = surroundings.Options.HandOverAtOnce;
        var plan = HandOverPlan.Of(due);
        var asked = AskAllAsync(plan.Unannounced, atOnce, cancellationToken);
        foreach (var wave in plan.Waves)
        {
            _notices.TakeBackOutdated();
            _notices.Announce(wave);
            var noticed = Task.WhenAll(asked, Task.Delay(surroundings.Options.Notice, surroundings.Time, cancellationToken));
            await Task.WhenAny(noticed, Task.Delay(surroundings.Options.Notice + Slow, surroundings.Time, cancellationToken));
            if (!noticed.IsCompleted)
            {
                // The one before it hangs, and for so long nobody is told of a move that has not begun.
                _notices.TakeBack(wave);
                await asked;
                _notices.Announce(wave);
                await Task.Delay(surroundings.Options.Notice, surroundings.Time, cancellationToken);
            }

            await noticed;
            asked = AskAllAsync(wave, atOnce, cancellationToken);
        }

        await asked;
        await AskAllAsync(plan.Journals, atOnce, cancellationToken);
    }

    private bool IsMisplaced(PartitionHandle handle) => handle.IsOwner && members.PlacedOn(handle.Id) != members.Self;

    // What clients have taken along by now is not asked for.
    private Task AskAllAsync(IReadOnlyList<PartitionHandle> leaving, int atOnce, CancellationToken cancellationToken)
    {
        var size = Math.Min(Chunk, atOnce);
        var chunks = leaving.Where(IsMisplaced)
            .GroupBy(handle => members.PlacedOn(handle.Id))
            .SelectMany(target => target.Chunk(size).Select((chunk, index) => (Index: index, Target: target.Key, Handles: chunk)))
            .OrderBy(static chunk => chunk.Index);
        var refusing = new ConcurrentDictionary<BrokerId, bool>();
        var options = new ParallelOptions { MaxDegreeOfParallelism = Math.Max(1, atOnce / size), CancellationToken = cancellationToken };
        return Parallel.ForEachAsync(chunks, options, async (chunk, stop) =>
        {
            PartitionId[] left = [.. chunk.Handles.Where(IsMisplaced).Select(static handle => handle.Id)];
            if (left.Length == 0 || refusing.ContainsKey(chunk.Target))
            {
                return;
            }

            await WatchAsync(AskAsync(chunk.Target, left, stop), chunk.Target, chunk.Handles, stop);
            if (!_notices.Asked(chunk.Target, chunk.Handles))
            {
                // The rest of what is its own waits until all others have had their turn.
                refusing.TryAdd(chunk.Target, true);
            }
        });
    }

    private async Task WatchAsync(Task asking, BrokerId target, PartitionHandle[] partitions, CancellationToken cancellationToken)
    {
        using var answered = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(asking, Task.Delay(Slow, surroundings.Time, answered.Token));
        answered.Cancel();
        if (!asking.IsCompleted && Array.TrueForAll(partitions, static handle => handle.IsOwner))
        {
            _notices.Doubt(target);
        }

        await asking;
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
