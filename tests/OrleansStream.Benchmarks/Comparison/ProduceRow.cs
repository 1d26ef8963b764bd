using OrleansStream.Benchmarks.Load;

namespace OrleansStream.Benchmarks.Comparison;

/// <summary>Producing as fast as it is acknowledged by all replicas.</summary>
internal sealed class ProduceRow(RecordSize size, int partitions) : IComparisonRow
{
    private const int DefaultRounds = 3;

    public string Name => $"produce-{size.Name}-{partitions}";

    public string Group => "produce";

    public bool DependsOnSync => true;

    public async Task RunAsync(Arena arena, Scoreboard scores)
    {
        var metric = size.Bytes == RecordSize.Medium.Bytes && partitions == 100 ? Metric.ProduceRateManyPartitions : Metric.ProduceRate;
        for (var round = 0; round < (arena.Options.Rounds ?? DefaultRounds); round++)
        {
            foreach (var side in arena.Order(round))
            {
                var broker = await arena.WarmAsync(side);
                var topic = await arena.NewTopicAsync(broker, partitions);
                PageCache.Flush();
                var load = new ProduceLoad(broker.Bootstrap, topic, partitions, size.Bytes, arena.Options.RunBytes) { ClientSettings = arena.Options.ClientSettings };
                var result = load.Run(broker.ProcessId);
                await Arena.DeleteTopicAsync(broker, topic);

                scores.Add((Name, arena.Synced), metric, side, result.MegabytesPerSecond, result.ClientShare);
                scores.Add((Name, arena.Synced), Metric.CpuPerGigabyte, side, result.CpuSecondsPerGigabyte);
            }
        }
    }
}
