using System.Diagnostics.Metrics;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Log.Serving;
using OrleansStream.Server.Configuration;

namespace OrleansStream.Server.Http;

/// <summary>Lines for each open partition, for those who asked for them: <see cref="MetricsOptions.PerPartition"/>.</summary>
internal sealed class PartitionMetrics
{
    private readonly HandleTable _handles;
    private readonly CatalogView _catalog;

    public PartitionMetrics(IMeterFactory meters, HandleTable handles, CatalogView catalog, MetricsOptions options)
    {
        _handles = handles;
        _catalog = catalog;
        if (!options.PerPartition)
        {
            return;
        }

        var meter = meters.Create("OrleansStream.Partitions");
        meter.CreateObservableGauge("orleansstream.partition.log_start", () => Each(static handle => handle.LogStart.Value), description: "First offset that can be read.");
        meter.CreateObservableGauge("orleansstream.partition.high_watermark", () => Each(static handle => handle.HighWatermark.Value), description: "First offset that is not durable yet.");
        meter.CreateObservableGauge("orleansstream.partition.size", () => Each(static handle => handle.SizeBytes), "By", "Bytes that can be read.");
    }

    private IEnumerable<Measurement<long>> Each(Func<PartitionHandle, long> number)
    {
        var catalog = _catalog.Current;
        foreach (var handle in _handles.All)
        {
            // Hidden partitions have no topic in the catalog.
            if (catalog.Find(handle.Id.Topic) is { } topic)
            {
                yield return new(number(handle), new("topic", topic.Name), new("partition", handle.Id.Index));
            }
        }
    }
}
