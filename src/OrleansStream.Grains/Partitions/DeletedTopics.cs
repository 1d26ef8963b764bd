using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains.Partitions;

/// <summary>
/// Ends partitions that are open here when their topic goes. The catalog's owner writes every tombstone (rule D3), but only the broker that serves a
/// partition can end its handle and let its lane forget the frames.
/// </summary>
internal sealed partial class DeletedTopics(IPartitionLog log, CatalogView catalog, ILogger<DeletedTopics> logger) : IHostedService
{
    private readonly ConcurrentDictionary<PartitionId, byte> _ending = new();
    private int _topics;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _topics = catalog.Current.Count;
        catalog.Changed += OnChanged;
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        catalog.Changed -= OnChanged;
        return Task.CompletedTask;
    }

    private void OnChanged(CatalogSnapshot snapshot)
    {
        // A view that fetched the whole catalog may have lost one topic and found another.
        if (Interlocked.Exchange(ref _topics, snapshot.Count) < snapshot.Count)
        {
            return;
        }

        foreach (var handle in log.Handles.All.Where(handle => !HiddenTopics.Contains(handle.Id.Topic) && snapshot.Find(handle.Id.Topic) is null))
        {
            if (_ending.TryAdd(handle.Id, 0))
            {
                _ = Task.Run(() => EndAsync(handle.Id));
            }
        }
    }

    private async Task EndAsync(PartitionId partition)
    {
        try
        {
            await log.DeleteAsync(partition, CancellationToken.None);
        }
        catch (Exception exception)
        {
            // The owner of the catalog tries until every tombstone stands; the next edit of the manifest here finds it.
            LogNotEnded(exception, partition);
        }
        finally
        {
            _ending.TryRemove(partition, out _);
        }
    }

    [LoggerMessage(LogLevel.Warning, "Partition {Partition} of a deleted topic could not be ended here")]
    private partial void LogNotEnded(Exception exception, PartitionId partition);
}
