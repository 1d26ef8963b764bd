using System.Diagnostics.Metrics;

namespace OrleansStream.Simulation.Clusters;

/// <summary>
/// The meters of all brokers of a world. The process knows every meter until it is disposed, and with its gauges all that these look at: a broker that is killed
/// disposes nothing, and would be in memory for as long as seeds are run.
/// </summary>
internal sealed class WorldMeters : IMeterFactory
{
    private readonly List<Meter> _made = [];

    public Meter Create(MeterOptions options)
    {
        var meter = new Meter(options);
        _made.Add(meter);
        return meter;
    }

    public void Dispose()
    {
        foreach (var meter in _made) meter.Dispose();
        _made.Clear();
    }
}
