using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansStream.Abstractions.Cluster;
using OrleansStream.Grains.Cluster;
using OrleansStream.Grains.Partitions;

namespace OrleansStream.Grains.Topics;

/// <summary>
/// Asks the catalog's owner for its version every few seconds, and at once when the cluster has changed: news may be lost, and a catalog whose owner died has a
/// new one only when somebody asks for it. It is a message of a few bytes; nothing is written.
/// </summary>
internal sealed partial class CatalogWatch(ClusterMembers members, CatalogFollower follower, TimeProvider time, ILogger<CatalogWatch> logger) : BackgroundService
{
    private const int LeastSeconds = 4;
    private const int MostSeconds = 6;
    private static readonly TimeSpan AfterFailure = TimeSpan.FromMilliseconds(500);

    private readonly Random _random = new();
    private readonly Wake _changed = new();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        void OnChanged(ClusterLayout before, ClusterLayout after) => _changed.Set();
        members.Changed += OnChanged;
        try
        {
            // Before the silo is up nobody can be asked.
            while (members.Layout.Find(members.Self) is null)
            {
                await _changed.WaitAsync(stoppingToken);
            }

            while (true)
            {
                var pause = await TryAsync(stoppingToken) ? TimeSpan.FromSeconds(LeastSeconds + (_random.NextDouble() * (MostSeconds - LeastSeconds))) : AfterFailure;
                using var either = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
                await Task.WhenAny(Task.Delay(pause, time, either.Token), _changed.WaitAsync(either.Token).AsTask());
                await either.CancelAsync();
                stoppingToken.ThrowIfCancellationRequested();
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The broker stops.
        }
        finally
        {
            members.Changed -= OnChanged;
        }
    }

    private async Task<bool> TryAsync(CancellationToken cancellationToken)
    {
        try
        {
            await follower.CatchUpAsync(cancellationToken);
            return true;
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            LogAway(exception);
            return false;
        }
    }

    [LoggerMessage(LogLevel.Debug, "The catalog's owner does not answer; it is asked again")]
    private partial void LogAway(Exception exception);
}
