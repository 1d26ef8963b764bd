using OrleansStream.Benchmarks.Load;
using OrleansStream.Testing.Brokers;

namespace OrleansStream.Benchmarks.Comparison;

/// <summary>From the start of the process on an empty directory to the first record that a client has acknowledged.</summary>
internal sealed class StartRow : IComparisonRow
{
    private const int DefaultRounds = 5;

    public string Name => "start";

    public string Group => Name;

    public bool DependsOnSync => false;

    public async Task RunAsync(Arena arena, Scoreboard scores)
    {
        for (var round = 0; round < (arena.Options.Rounds ?? DefaultRounds); round++)
        {
            foreach (var side in arena.Order(round))
            {
                await using var broker = arena.Create(side);
                if (broker is ApacheKafkaBroker kafka) await FormatAsync(kafka);
                PageCache.Flush();
                using var client = FirstRecord.CreateClient(broker.Bootstrap);
                var start = TimeProvider.System.GetTimestamp();
                broker.Launch();
                _ = FirstRecord.Send(client, ["first"], partitions: 1, wanted: 1);
                scores.Add((Name, arena.Synced), Metric.FirstRecord, side, TimeProvider.System.GetElapsedTime(start).TotalSeconds);
            }
        }
    }

    // Kafka wants its directory formatted by a tool; that is not held against its start.
    private static async Task FormatAsync(ApacheKafkaBroker kafka)
    {
        await kafka.StartAsync();
        await kafka.StopAsync();
        kafka.EmptyData();
    }
}
