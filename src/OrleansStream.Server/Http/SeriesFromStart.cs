using OrleansStream.Coordination.Groups.Effects;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Log.AzureBlobs.Containers;

namespace OrleansStream.Server.Http;

/// <summary>Which lines our own counters and histograms have before anything was counted: a rate in Prometheus does not see a line begin at one.</summary>
internal static class SeriesFromStart
{
    private static readonly KeyValuePair<string, object?>[][] Plain = [[]];

    // Every instrument with labels. Where they can have thousands of values together, of which a broker sees a handful, a line comes with its first event.
    private static readonly Dictionary<string, KeyValuePair<string, object?>[][]> Labelled = new()
    {
        ["orleansstream.gateway.request.duration"] = Each("api", ApiTable.All.Select(static api => api.Name)),
        ["orleansstream.gateway.errors"] = [],
        [StorageCallMetrics.Duration] = [.. StorageCallMetrics.Lines.Select(static line => (KeyValuePair<string, object?>[])[new("operation", line.Operation), new("outcome", line.Outcome)])],
        ["orleansstream.partitions.claim.duration"] = Each("outcome", ["claimed", "elsewhere", "failed"]),
        ["orleansstream.partitions.release.duration"] = Each("outcome", ["released", "elsewhere", "stopping", "failed"]),
        ["orleansstream.partitions.prepare.duration"] = Each("outcome", ["prepared", "unprepared", "elsewhere", "stopping", "failed"]),
        ["orleansstream.sessions.recovery.duration"] = Each("outcome", ["recovered", "failed"]),
        ["orleansstream.groups.events"] = Each("kind", Enum.GetNames<GroupEventKind>()),
    };

    /// <summary>The labels of each line.</summary>
    public static IReadOnlyList<KeyValuePair<string, object?>[]> Of(string instrument) => Labelled.GetValueOrDefault(instrument, Plain);

    private static KeyValuePair<string, object?>[][] Each(string label, IEnumerable<string> values) =>
        [.. values.Select(value => (KeyValuePair<string, object?>[])[new(label, value)])];
}
