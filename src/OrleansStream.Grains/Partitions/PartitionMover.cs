using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Grains.Cluster;
using OrleansStream.Log.Serving;

namespace OrleansStream.Grains.Partitions;

/// <summary>
/// Lets partitions follow the cluster: to a broker that joins a moment later, so that several that start together move each partition once; from one that is
/// gone at once. At the start it opens what nobody serves, when the others have said what they serve. Between changes it does nothing.
/// </summary>
internal sealed partial class PartitionMover(ClusterMembers members, HandOver handOver, TakeOver takeOver, MoverSources sources, MoveSurroundings surroundings) : BackgroundService
{
    private readonly Wake _handOverDue = new();
    private readonly Wake _takeOverDue = new();
    private long _lastJoin;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        members.Changed += OnChanged;
        sources.Handles.Opened += OnOpened;
        try
        {
            await Task.WhenAll(
                FollowAsync(_handOverDue, HandOverAsync, stoppingToken),
                FollowAsync(_takeOverDue, stop => takeOver.OpenOrphansAsync(_takeOverDue, stop), stoppingToken),
                StartAllAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The broker stops; what it still has was handed over before, or is taken over.
        }
        finally
        {
            members.Changed -= OnChanged;
            sources.Handles.Opened -= OnOpened;
        }
    }

    private void OnChanged(ClusterLayout before, ClusterLayout after)
    {
        if (after.Members.Any(member => before.Find(member.Id) is not { } known || !known.Silo.Equals(member.Silo)))
        {
            Interlocked.Exchange(ref _lastJoin, surroundings.Time.GetTimestamp());
        }

        sources.Departures.Find(before, after);
        _handOverDue.Set();
        _takeOverDue.Set();
    }

    // A claim that was under way when the cluster changed. Under the table's lock, so no more than a note.
    private void OnOpened(PartitionHandle handle)
    {
        if (members.PlacedOn(handle.Id) != members.Self)
        {
            _handOverDue.Set();
        }
    }

    private async Task HandOverAsync(CancellationToken cancellationToken)
    {
        for (TimeSpan left; (left = surroundings.Options.JoinDelay - surroundings.Time.GetElapsedTime(Interlocked.Read(ref _lastJoin))) > TimeSpan.Zero;)
        {
            await Task.Delay(left, surroundings.Time, cancellationToken);
        }

        // One that leaves hands over by itself, more at once (BrokerDrain), and tells of all of it.
        if (handOver.IsDue && members.Layout.Find(members.Self) is not { IsDraining: true })
        {
            var started = surroundings.Time.GetTimestamp();
            var moved = new HandedOver();
            await handOver.RunAsync(moved, cancellationToken);
            if (moved.Total > 0)
            {
                LogMoved(surroundings.Logger, moved.Total, surroundings.Time.GetElapsedTime(started).TotalSeconds, moved);
            }
        }
    }

    private async Task StartAllAsync(CancellationToken cancellationToken)
    {
        await sources.Catalog.WhenLoadedAsync(cancellationToken);
        Interlocked.Exchange(ref _lastJoin, surroundings.Time.GetTimestamp());

        // Others that start with this one get their share first, and those that serve say so.
        await Task.Delay(surroundings.Options.JoinDelay, surroundings.Time, cancellationToken);
        var started = surroundings.Time.GetTimestamp();
        var opened = await takeOver.OpenUnservedAsync(cancellationToken);
        if (opened > 0)
        {
            LogOpened(surroundings.Logger, opened, surroundings.Time.GetElapsedTime(started).TotalSeconds);
        }
    }

    private async Task FollowAsync(Wake due, Func<CancellationToken, Task> act, CancellationToken cancellationToken)
    {
        while (true)
        {
            await due.WaitAsync(cancellationToken);
            try
            {
                await act(cancellationToken);
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                // A defect of ours. Clients open what they ask for all the same, and the next change of the cluster tries again.
                LogFailed(surroundings.Logger, exception);
            }
        }
    }

    [LoggerMessage(LogLevel.Information, "Handed over {Moved} partitions in {Seconds:0.000} s ({Targets})")]
    private static partial void LogMoved(ILogger logger, int moved, double seconds, HandedOver targets);

    [LoggerMessage(LogLevel.Information, "Opened {Opened} partitions that nobody served in {Seconds:0.000} s")]
    private static partial void LogOpened(ILogger logger, int opened, double seconds);

    [LoggerMessage(LogLevel.Error, "Moving partitions failed; the next change of the cluster tries again")]
    private static partial void LogFailed(ILogger logger, Exception exception);
}

/// <summary>What the mover listens to.</summary>
internal sealed record MoverSources(HandleTable Handles, CatalogView Catalog, Departures Departures);
