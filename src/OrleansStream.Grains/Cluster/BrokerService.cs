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
[Reentrant]
internal sealed partial class BrokerService(GrainId id, Silo silo, ILoggerFactory loggers, LocalPartitions partitions, HandleTable handles, IClusterView cluster)
    : GrainService(id, silo, loggers), IBrokerService
{
    private readonly ILogger _logger = loggers.CreateLogger<BrokerService>();

    public Task<BrokerStats> StatsAsync() =>
        Task.FromResult(new BrokerStats(cluster.Self, handles.Count, handles.All.Sum(static handle => handle.SizeBytes), partitions.IsDraining));

    public Task<IReadOnlyList<LocalPartition>> LocalPartitionsAsync(PartitionId? after, int atMost)
    {
        var page = handles.All.Where(handle => after is not { } last || handle.Id.CompareTo(last) > 0)
            .OrderBy(static handle => handle.Id)
            .Take(Math.Clamp(atMost, 1, IBrokerService.MaxListed))
            .Select(static handle => new LocalPartition(handle.Id, handle.Epoch, handle.LogStart, handle.HighWatermark, handle.SizeBytes));
        return Task.FromResult<IReadOnlyList<LocalPartition>>([.. page]);
    }

    // Topics first: a commit of offsets that is under way for one of them still finds its journal.
    public Task<int> DrainAsync()
    {
        partitions.BeginDraining();
        var given = handles.All.OrderBy(static handle => HiddenTopics.Contains(handle.Id.Topic)).ToList();
        foreach (var handle in given)
        {
            try
            {
                handles.GiveUp(handle);
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
