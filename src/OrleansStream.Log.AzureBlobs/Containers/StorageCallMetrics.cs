using System.Diagnostics.Metrics;
using OrleansStream.Log.Economy;

namespace OrleansStream.Log.AzureBlobs.Containers;

/// <summary>How long calls of the container take, and how they end. One for a broker.</summary>
public sealed class StorageCallMetrics : IDisposable
{
    /// <summary>Name of the instrument.</summary>
    public const string Duration = "orleansstream.storage.call.duration";

    private readonly Histogram<double> _duration;

    public StorageCallMetrics() => _duration = Meter.CreateHistogram<double>(Duration, "s", "How long calls of the storage account took, tries of reads included, by operation and outcome.");

    /// <summary>What a call may be told as, each as operation and outcome.</summary>
    public static IReadOnlyList<(string Operation, string Outcome)> Lines { get; } =
    [
        .. Each(StorageCall.Put, StorageCall.Done, StorageCall.Conflict, StorageCall.Busy, StorageCall.Unknown, StorageCall.Failed),
        .. Each(StorageCall.Read, StorageCall.Done, StorageCall.Missing, StorageCall.Failed),
        .. Each(StorageCall.Get, StorageCall.Done, StorageCall.Missing, StorageCall.Failed),
        .. Each(StorageCall.Find, StorageCall.Done, StorageCall.Missing, StorageCall.Failed),
        .. Each(StorageCall.Delete, StorageCall.Done, StorageCall.Failed),
        .. Each(StorageCall.List, StorageCall.Done, StorageCall.Failed),
    ];

    internal Meter Meter { get; } = new(WriteMetrics.Name);

    public void Dispose() => Meter.Dispose();

    internal void Add(string operation, string outcome, TimeSpan took) =>
        _duration.Record(took.TotalSeconds, new KeyValuePair<string, object?>("operation", operation), new KeyValuePair<string, object?>("outcome", outcome));

    private static IEnumerable<(string Operation, string Outcome)> Each(string operation, params string[] outcomes) => outcomes.Select(outcome => (operation, outcome));
}

/// <summary>Words for calls of a container and for how they end.</summary>
internal static class StorageCall
{
    public const string Put = "put";
    public const string Read = "read";
    public const string Get = "get";
    public const string Find = "find";
    public const string Delete = "delete";
    public const string List = "list";

    public const string Done = "done";
    public const string Missing = "missing";
    public const string Conflict = "conflict";
    public const string Busy = "busy";
    public const string Unknown = "unknown";
    public const string Failed = "failed";
}
