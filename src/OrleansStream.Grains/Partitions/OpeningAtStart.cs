using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansStream.Abstractions.Cluster;
using OrleansStream.Abstractions.Partitions;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains.Partitions;

/// <summary>
/// Opens what this broker owns as soon as it knows the catalog, beside everything else: thousands of partitions that each waited for their first request
/// would each cost a write and a sync then. Nothing waits for it, and it stops with the broker. docs/adr/0007-opening-at-start.md has the figures.
/// </summary>
internal sealed partial class OpeningAtStart(OpeningParts parts, CatalogView view, IClusterView cluster, TimeProvider time, ILogger<OpeningAtStart> logger) : BackgroundService
{
    // Claims that wait together share one write and sync of the metadata journal. A client's own opening starts at once beside them and shares it too.
    private const int AtOnce = 256;

    // One damaged log must not keep the others closed; a full or broken disk fails them all, and whoever asks finds out when it is well again.
    private const int MaxFailures = 16;

    private const int NamedAtMost = 5;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await view.WhenLoadedAsync(stoppingToken);
            await OpenAllAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The broker stops; the next one goes on.
        }
        catch (Exception exception)
        {
            // Nothing hangs on it: what is not open now opens when it is asked for.
            LogStopped(exception);
        }
    }

    private async Task OpenAllAsync(CancellationToken stop)
    {
        var started = time.GetTimestamp();
        var run = new Run(Owned());
        await Task.WhenAll(Enumerable.Range(0, Math.Min(AtOnce, run.Partitions.Count)).Select(_ => OpenNextAsync(run, stop)));
        if (run.Opened > 0 || run.Failed > 0)
        {
            var took = time.GetElapsedTime(started);
            parts.Metrics.OnOpened(run.Opened, took);
            if (run.Failed == 0)
            {
                LogOpened(run.Opened, took.TotalSeconds);
            }
            else
            {
                LogNotAllOpened(run.Opened, took.TotalSeconds, run.Failed, run.Names(NameOf));
            }
        }
    }

    // In the order in which neighbours were written, most likely: what one open reads is in memory for the next.
    private List<PartitionId> Owned()
    {
        var owned = new List<PartitionId>();
        foreach (var topic in view.Current.Topics.OrderBy(static topic => topic.Name, StringComparer.Ordinal))
        {
            for (var index = 0; index < topic.PartitionCount; index++)
            {
                var partition = new PartitionId(topic.Id, index);

                // One that nobody ever used has nothing that could be missed.
                if (parts.Log.HasLog(partition) && cluster.OwnerOf(partition) == cluster.Self)
                {
                    owned.Add(partition);
                }
            }
        }

        return owned;
    }

    private async Task OpenNextAsync(Run run, CancellationToken stop)
    {
        while (run.Failed < MaxFailures && run.TryTake(out var partition))
        {
            stop.ThrowIfCancellationRequested();
            run.Note(partition, (await parts.Partitions.OpenAsync(partition, stop)).Error);
        }
    }

    private string NameOf(PartitionId partition) => view.Current.Find(partition.Topic) is { } topic ? $"{topic.Name}-{partition.Index}" : partition.ToString();

    [LoggerMessage(LogLevel.Information, "Opened {Opened} partitions in {Seconds:0.000} s")]
    private partial void LogOpened(int opened, double seconds);

    // Which one is refused and why is told where it is refused; a tool that only counts warnings learns here that there is something to look for.
    [LoggerMessage(LogLevel.Warning, "Opened {Opened} partitions in {Seconds:0.000} s; {Failed} could not be opened: {Names}")]
    private partial void LogNotAllOpened(int opened, double seconds, int failed, string names);

    [LoggerMessage(LogLevel.Warning, "Opening partitions at start ended; the rest is opened when it is asked for")]
    private partial void LogStopped(Exception exception);

    private sealed class Run(List<PartitionId> partitions)
    {
        private int _next;
        private int _opened;
        private readonly ConcurrentQueue<PartitionId> _failed = [];

        public List<PartitionId> Partitions => partitions;

        public int Opened => Volatile.Read(ref _opened);

        public int Failed => _failed.Count;

        public bool TryTake(out PartitionId partition)
        {
            var index = Interlocked.Increment(ref _next) - 1;
            partition = index < partitions.Count ? partitions[index] : default;
            return index < partitions.Count;
        }

        // The first few: a broken disk fails hundreds.
        public string Names(Func<PartitionId, string> nameOf) => string.Join(", ", _failed.Take(NamedAtMost).Select(nameOf)) + (Failed > NamedAtMost ? ", ..." : "");

        // A topic that was deleted meanwhile is no failure.
        public void Note(PartitionId partition, ErrorCode error)
        {
            if (error == ErrorCode.None)
            {
                Interlocked.Increment(ref _opened);
            }
            else if (error != ErrorCode.UnknownTopicOrPartition)
            {
                _failed.Enqueue(partition);
            }
        }
    }
}

/// <summary>What opening at start works with.</summary>
internal sealed record OpeningParts(ILocalPartitions Partitions, IPartitionLog Log, OpeningMetrics Metrics);
