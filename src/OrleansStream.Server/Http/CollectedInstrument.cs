using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace OrleansStream.Server.Http;

/// <summary>What one instrument has measured, for each set of labels.</summary>
internal sealed class CollectedInstrument
{
    // Labels of ours are few. Should one ever follow what clients send, this process must not grow with it.
    private const int MaxSeries = 2_000;

    private static readonly double[] Seconds = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
    private static readonly double[] Bytes = [1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864];
    private static readonly double[] Counts = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000];

    private readonly ConcurrentDictionary<LabelValues, Series> _labelled = new();
    private readonly double[]? _bounds;
    private readonly bool _isGauge;
    private readonly bool _isObserved;
    private Series? _plain;
    private int _count;

    public CollectedInstrument(Instrument instrument)
    {
        var type = instrument.GetType().GetGenericTypeDefinition();
        _isObserved = instrument.IsObservable;
        _isGauge = type == typeof(ObservableGauge<>) || type == typeof(Gauge<>) || type == typeof(ObservableUpDownCounter<>) || type == typeof(UpDownCounter<>);
        Kind = type == typeof(Histogram<>) ? "histogram" : _isGauge ? "gauge" : "counter";
        Name = PrometheusText.NameOf(instrument, Kind == "counter");
        Description = instrument.Description ?? "";
        _bounds = Kind == "histogram" ? instrument.Unit switch { "s" => Seconds, "By" => Bytes, _ => Counts } : null;
    }

    public string Name { get; }

    public string Description { get; }

    public string Kind { get; }

    /// <summary>Shows lines at 0, each given by its labels, before anything is recorded for them.</summary>
    public void Begin(IReadOnlyList<KeyValuePair<string, object?>[]> lines)
    {
        foreach (var labels in lines) SeriesOf(labels);
    }

    public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (SeriesOf(tags) is not { } series)
        {
            return;
        }

        // What is observed comes as a total, what is pushed as a difference.
        if (_isObserved)
        {
            series.Set(value);
        }
        else
        {
            series.Add(value);
        }
    }

    /// <summary>A gauge that is not told of any more is gone, not constant: a partition that was closed, say.</summary>
    public void ForgetGauges()
    {
        if (_isObserved && _isGauge && !_labelled.IsEmpty)
        {
            _labelled.Clear();
            _count = 0;
        }
    }

    public void WriteTo(PrometheusText text)
    {
        _plain?.WriteTo(text, Name, "");
        foreach (var (labels, series) in _labelled)
        {
            series.WriteTo(text, Name, labels.ToText());
        }
    }

    private Series? SeriesOf(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.IsEmpty)
        {
            return _plain ?? Interlocked.CompareExchange(ref _plain, new Series(_bounds), null) ?? _plain;
        }

        var labels = new LabelValues(tags);
        if (_labelled.TryGetValue(labels, out var known))
        {
            return known;
        }

        // Observed series are as many as there are things; a reader who asked for each partition gets each.
        return _isObserved || Interlocked.Increment(ref _count) <= MaxSeries ? _labelled.GetOrAdd(labels, new Series(_bounds)) : null;
    }
}
