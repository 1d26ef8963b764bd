using OrleansStream.Coordination.Groups.Effects;
using OrleansStream.Kafka.Protocol.Apis;

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
        ["orleansstream.groups.events"] = Each("kind", Enum.GetNames<GroupEventKind>()),
    };

    /// <summary>The labels of each line.</summary>
    public static IReadOnlyList<KeyValuePair<string, object?>[]> Of(string instrument) => Labelled.GetValueOrDefault(instrument, Plain);

    private static KeyValuePair<string, object?>[][] Each(string label, IEnumerable<string> values) =>
        [.. values.Select(value => (KeyValuePair<string, object?>[])[new(label, value)])];
}
