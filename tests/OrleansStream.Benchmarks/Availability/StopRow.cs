using Confluent.Kafka;

namespace OrleansStream.Benchmarks.Availability;

/// <summary>A broker is asked to end and started again: no delivery fails, and no partition is without an acknowledgement for long.</summary>
internal sealed class StopRow : IAvailabilityRow
{
    private const int Partitions = 30;
    private const int Rounds = 6;
    private const double RecordsPerSecond = 600;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan Calm = TimeSpan.FromSeconds(5);

    public string Name => "stop";

    public IReadOnlyList<string> Columns => ["planned stop (SIGTERM) and start", "rounds", "longest gap of a partition, p50 s", "p99, s", "worst, s", "worst of the start, s", "deliveries failed", "slowest end, s"];

    public async Task<IReadOnlyList<IReadOnlyList<string>>> MeasureAsync(AvailabilityOptions options)
    {
        var rounds = options.Rounds ?? Rounds;
        await using var rig = await Rig.StartAsync(options);
        string[] topics = ["planned-stop"];
        await rig.CreateAsync(topics, Partitions);
        TopicPartition[] all = [.. rig.Leaders(topics).Keys];
        await using var probe = new AckProbe(rig.Cluster.Bootstrap, all, RecordsPerSecond);
        await probe.AllSinceAsync(TimeSpan.Zero, all, Limit);

        var (stops, starts, ends) = (new List<TimeSpan>(), new List<TimeSpan>(), new List<TimeSpan>());
        for (var round = 0; round < rounds; round++)
        {
            await Task.Delay(Calm);
            var broker = rig.Cluster.Brokers[round % rig.Cluster.Brokers.Count];
            await rig.UntilItLeadsAsync(broker, topics, Limit);

            var begun = probe.Now;
            ends.Add(await broker.StopAsync());
            await probe.AllSinceAsync(probe.Now, all, Limit);
            stops.AddRange(probe.LongestGaps(begun, probe.Now));
            Console.WriteLine($"  round {round + 1}: broker {broker.Id} ended in {Figures.Seconds(ends[^1])} s, longest gap so far {Figures.Seconds(Figures.At(stops, 1))} s, {probe.Failed} failed");

            begun = probe.Now;
            await broker.StartAsync();
            await rig.UntilItLeadsAsync(broker, topics, Limit);
            await probe.AllSinceAsync(probe.Now, all, Limit);
            starts.AddRange(probe.LongestGaps(begun, probe.Now));
        }
        return
        [
            [
                rig.Cluster.Name, $"{rounds}", Figures.Seconds(Figures.At(stops, 0.5)), Figures.Seconds(Figures.At(stops, 0.99)), Figures.Seconds(Figures.At(stops, 1)),
                Figures.Seconds(Figures.At(starts, 1)), $"{probe.Failed}", Figures.Seconds(Figures.At(ends, 1)),
            ],
        ];
    }
}
