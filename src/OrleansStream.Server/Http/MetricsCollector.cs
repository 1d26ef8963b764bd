using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace OrleansStream.Server.Http;

/// <summary>
/// Listens to the meters of the broker, of Orleans and of the runtime, and keeps what they count. A measurement without labels costs an interlocked
/// addition; one with labels a look-up more. Gauges are asked only when somebody looks.
/// </summary>
internal sealed class MetricsCollector : IDisposable
{
    private const string Own = "OrleansStream.";

    // Gauges are asked by one reader at a time: each reading begins by forgetting the one before.
    private readonly Lock _collecting = new();
    private readonly ConcurrentDictionary<Instrument, CollectedInstrument> _instruments = new();
    private readonly MeterListener _listener = new();

    public MetricsCollector()
    {
        _listener.InstrumentPublished = OnPublished;
        _listener.MeasurementsCompleted = (instrument, state) => _instruments.TryRemove(instrument, out _);
        _listener.SetMeasurementEventCallback<double>(static (_, value, tags, state) => ((CollectedInstrument)state!).Record(value, tags));
        _listener.SetMeasurementEventCallback<long>(static (_, value, tags, state) => ((CollectedInstrument)state!).Record(value, tags));
        _listener.SetMeasurementEventCallback<int>(static (_, value, tags, state) => ((CollectedInstrument)state!).Record(value, tags));
        _listener.SetMeasurementEventCallback<short>(static (_, value, tags, state) => ((CollectedInstrument)state!).Record(value, tags));
        _listener.SetMeasurementEventCallback<float>(static (_, value, tags, state) => ((CollectedInstrument)state!).Record(value, tags));
        _listener.Start();
    }

    /// <summary>Everything in Prometheus' text format, by name.</summary>
    public string ToText()
    {
        var text = new PrometheusText();
        lock (_collecting)
        {
            foreach (var instrument in _instruments.Values)
            {
                instrument.ForgetGauges();
            }

            _listener.RecordObservableInstruments();

            // One name may be measured by several instruments, such as a meter of each of two hosts in one process: one head, then all lines.
            foreach (var family in _instruments.Values.GroupBy(instrument => instrument.Name).OrderBy(family => family.Key, StringComparer.Ordinal))
            {
                var first = family.First();
                text.Head(first.Name, first.Description, first.Kind);
                foreach (var instrument in family)
                {
                    instrument.WriteTo(text);
                }
            }
        }

        return text.ToString();
    }

    public void Dispose() => _listener.Dispose();

    private void OnPublished(Instrument instrument, MeterListener listener)
    {
        var isOwn = instrument.Meter.Name.StartsWith(Own, StringComparison.Ordinal);
        if (isOwn || instrument.Meter.Name is "System.Runtime" or "Microsoft.Orleans")
        {
            listener.EnableMeasurementEvents(instrument, _instruments.GetOrAdd(instrument, key => Begin(key, isOwn)));
        }
    }

    private static CollectedInstrument Begin(Instrument instrument, bool isOwn)
    {
        var collected = new CollectedInstrument(instrument);
        if (isOwn && !instrument.IsObservable) collected.Begin(SeriesFromStart.Of(instrument.Name));
        return collected;
    }
}
