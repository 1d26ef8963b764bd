using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace OrleansStream.Log.AzureBlobs.Tests.Harness;

/// <summary>Makes meters, or is given some, and counts what their histograms are told: instrument and labels, and the seconds.</summary>
internal sealed class Durations : IMeterFactory
{
    private readonly ConcurrentDictionary<Meter, byte> _meters = new();
    private readonly ConcurrentQueue<(string Line, double Seconds)> _told = new();
    private readonly MeterListener _listener = new();

    public Durations(params Meter[] meters)
    {
        foreach (var meter in meters) _meters[meter] = 0;
        _listener.InstrumentPublished = (instrument, self) =>
        {
            if (_meters.ContainsKey(instrument.Meter)) self.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => _told.Enqueue(($"{instrument.Name} {string.Join(' ', tags.ToArray().Select(static tag => tag.Value))}", value)));
        _listener.Start();
    }

    /// <summary>What was told so far.</summary>
    public IReadOnlyList<(string Line, double Seconds)> Told => [.. _told];

    public int Count(string line) => _told.Count(told => told.Line == line);

    public Meter Create(MeterOptions options)
    {
        var meter = new Meter(options.Name);
        _meters[meter] = 0;
        return meter;
    }

    public void Dispose()
    {
        _listener.Dispose();
        foreach (var meter in _meters.Keys) meter.Dispose();
    }
}
