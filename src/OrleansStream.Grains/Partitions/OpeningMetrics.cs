using System.Diagnostics.Metrics;

namespace OrleansStream.Grains.Partitions;

/// <summary>What the start opened by itself, and how long that took.</summary>
internal sealed class OpeningMetrics
{
    private double _seconds;
    private int _partitions;

    public OpeningMetrics(IMeterFactory meters)
    {
        var meter = meters.Create("OrleansStream.Partitions");
        meter.CreateObservableGauge("orleansstream.partitions.start.opened", () => Volatile.Read(ref _partitions), "{partition}", "Partitions that the start opened by itself.");
        meter.CreateObservableGauge("orleansstream.partitions.start.duration", () => Volatile.Read(ref _seconds), "s", "How long the start took to open them.");
    }

    public void OnOpened(int partitions, TimeSpan took)
    {
        Volatile.Write(ref _partitions, partitions);
        Volatile.Write(ref _seconds, took.TotalSeconds);
    }
}
