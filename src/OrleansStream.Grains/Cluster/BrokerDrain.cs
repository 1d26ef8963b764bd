using Microsoft.Extensions.Logging;
using Orleans.Runtime;
using OrleansStream.Grains.Partitions;
using OrleansStream.Log;
using OrleansStream.Log.Brokers;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains.Cluster;

/// <summary>
/// Leaves a cluster in order: placement gives this broker nothing more, and the others take what it has while it serves the rest. To be called when the broker
/// is told to stop, before its connections are ended; what is left when the time is up is taken over as from a broker that died.
/// </summary>
public sealed partial class BrokerDrain
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    // A broker that does not hear of it now hears of it by the end of this one's silo.
    private static readonly TimeSpan TellAtMost = TimeSpan.FromSeconds(2);

    private readonly BrokerClusterSetup _setup;
    private readonly LocalPartitions _partitions;
    private readonly ClusterMembers _members;
    private readonly NewsToPeers _news;
    private readonly HandOver _handOver;
    private readonly ILocalSiloDetails _silo;
    private readonly MoveSurroundings _surroundings;

    internal BrokerDrain(DrainParts parts, MoveSurroundings surroundings)
    {
        (_setup, _partitions, _members, _news, _handOver, _silo) = parts;
        _surroundings = surroundings;
    }

    /// <summary>Hands over everything that other brokers can take.</summary>
    /// <param name="cancellationToken">The time is up. Ends it without an exception.</param>
    /// <returns>How many partitions are still open here.</returns>
    public async Task<int> LeaveAsync(CancellationToken cancellationToken)
    {
        var started = _surroundings.Time.GetTimestamp();
        var moved = new HandedOver();
        try
        {
            // Until the others know, they send clients here for what nobody has opened yet, and this broker's own placement, of records that it read before, still opens it.
            // Whoever has heard already claims such a partition from here as from any owner, so that for a moment it may move, and is never without anybody.
            await TryAgainAsync(MarkAsync, cancellationToken);
            await _news.TellRecordChangedAsync().WaitAsync(TellAtMost, _surroundings.Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _partitions.BeginDraining();
            await TryAgainAsync(_members.ReadRecordsAsync, cancellationToken);
            await _handOver.LeaveAsync(moved, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The time is up; how many are left is told below.
        }
        catch (Exception exception)
        {
            LogNotAll(_surroundings.Logger, exception);
        }

        // Also when it did not come so far.
        _partitions.BeginDraining();
        var left = _partitions.Log.Handles.Count;
        LogLeft(_surroundings.Logger, moved.Total, _surroundings.Time.GetElapsedTime(started).TotalSeconds, moved, left);
        return left;
    }

    // Storage that fails for a moment does not keep a broker from handing over.
    private async Task TryAgainAsync(Func<CancellationToken, Task> action, CancellationToken cancellationToken)
    {
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            try
            {
                await action(cancellationToken);
                return;
            }
            catch (LogException exception) when (exception is not (BrokerReplacedException or StorageException { IsTransient: false }))
            {
                LogAgain(_surroundings.Logger, exception);
                await Task.Delay(pause, _surroundings.Time, cancellationToken);
            }
        }
    }

    // The lane keeper writes the same record when a session ends: whoever comes second begins from what the other one wrote.
    private async Task MarkAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var stored = await _setup.Registry.GetAsync(_setup.Self, cancellationToken) ?? throw new InvalidOperationException($"There is no record of this broker, {_setup.Self}, in the registry.");
            if (stored.Record.SiloAddress != _silo.SiloAddress.ToParsableString())
            {
                // The one that has the number now does not leave, and would never be given anything again.
                throw new BrokerReplacedException(_setup.Self, stored.Record.SiloAddress);
            }

            if (stored.Record.IsDraining)
            {
                return;
            }

            var write = await _setup.Registry.CompareAndSetAsync(stored.Record with { IsDraining = true }, stored.ETag, cancellationToken);
            if (write.Outcome == ManifestOutcome.Written)
            {
                return;
            }

            await Task.Delay(FirstPause, _surroundings.Time, cancellationToken);
        }
    }

    [LoggerMessage(LogLevel.Information, "Storage did not take that this broker leaves, or did not say who stays; it is asked again")]
    private static partial void LogAgain(ILogger logger, Exception exception);

    [LoggerMessage(LogLevel.Warning, "Not every partition could be handed over; the rest is taken over when this broker is gone")]
    private static partial void LogNotAll(ILogger logger, Exception exception);

    [LoggerMessage(LogLevel.Information, "This broker leaves: handed over {Moved} partitions in {Seconds:0.000} s ({Targets}); {Left} are left to be taken over")]
    private static partial void LogLeft(ILogger logger, int moved, double seconds, HandedOver targets, int left);
}

/// <summary>What leaving takes.</summary>
internal sealed record DrainParts(BrokerClusterSetup Setup, LocalPartitions Partitions, ClusterMembers Members, NewsToPeers News, HandOver HandOver, ILocalSiloDetails Silo);
