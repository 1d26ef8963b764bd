using System.Diagnostics.Metrics;

namespace OrleansStream.Grains.Partitions;

/// <summary>How many partitions moved, and how.</summary>
internal sealed class MovementMetrics
{
    public MovementMetrics(IMeterFactory meters)
    {
        var meter = meters.Create("OrleansStream.Movement");
        HandedOver = meter.CreateCounter<long>("orleansstream.partitions.handed_over", "{partition}", "Partitions that other brokers took at this one's request.");
        TakenOver = meter.CreateCounter<long>("orleansstream.partitions.taken_over", "{partition}", "Partitions opened here since nobody served them: their broker was gone, or the cluster had just started.");
    }

    public Counter<long> HandedOver { get; }

    public Counter<long> TakenOver { get; }
}
