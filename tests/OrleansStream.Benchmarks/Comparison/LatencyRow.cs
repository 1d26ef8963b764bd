using OrleansStream.Benchmarks.Load;

namespace OrleansStream.Benchmarks.Comparison;

/// <summary>End to end at a steady rate: 10,000 records a second, 100 bytes, six partitions, nothing waits for company.</summary>
internal sealed class LatencyRow : IComparisonRow
{
    private const int DefaultRounds = 5;
    private const int Partitions = 6;
    private const int RecordsPerSecond = 10_000;

    public string Name => "latency-10k";

    public string Group => Name;

    public bool DependsOnSync => true;

    public async Task RunAsync(Arena arena, Scoreboard scores)
    {
        var place = (Name, arena.Synced);
        for (var round = 0; round < (arena.Options.Rounds ?? DefaultRounds); round++)
        {
            foreach (var side in arena.Order(round))
            {
                var broker = await arena.WarmAsync(side);
                var topic = await arena.NewTopicAsync(broker, Partitions);
                PageCache.Flush();
                var load = new LatencyLoad(broker.Bootstrap, topic, Partitions, RecordsPerSecond, arena.Options.LatencyDuration) { ClientSettings = arena.Options.ClientSettings };
                var result = load.Run();
                await Arena.DeleteTopicAsync(broker, topic);

                scores.Add(place, Metric.P50, side, result.P50.TotalMilliseconds, result.ClientShare);
                scores.Add(place, Metric.P99, side, result.P99.TotalMilliseconds);
                scores.Add(place, Metric.P999, side, result.P999.TotalMilliseconds);
            }
        }
    }
}
