using OrleansStream.Benchmarks.Load;
using OrleansStream.Testing.Brokers;

namespace OrleansStream.Benchmarks.Comparison;

/// <summary>
/// Everything produced once and read once from the beginning, warm and then cold after a restart; what both together cost; peak memory.
/// </summary>
internal sealed class CatchUpRow(RecordSize size) : IComparisonRow
{
    private const int DefaultRounds = 3;
    private const int Partitions = 6;
    private const double ColdGoal = 1.0;

    public string Name => $"consume-{size.Name}";

    // Peak memory belongs to this row alone, so it has its own brokers.
    public string Group => Name;

    public bool DependsOnSync => true;

    public async Task RunAsync(Arena arena, Scoreboard scores)
    {
        for (var round = 0; round < (arena.Options.Rounds ?? DefaultRounds); round++)
        {
            foreach (var side in arena.Order(round)) await RunOnceAsync(arena, scores, side);
        }
    }

    private async Task RunOnceAsync(Arena arena, Scoreboard scores, Contender side)
    {
        var place = (Name, arena.Synced);
        var broker = await arena.WarmAsync(side);
        var topic = await arena.NewTopicAsync(broker, Partitions);
        PageCache.Flush();
        var load = new ProduceLoad(broker.Bootstrap, topic, Partitions, size.Bytes, arena.Options.RunBytes) { ClientSettings = arena.Options.ClientSettings };
        var produced = load.Run(broker.ProcessId);
        var reading = new ConsumeLoad(broker.Bootstrap, topic, Partitions, arena.Options.RunBytes / size.Bytes);

        PageCache.Flush();
        var warm = Read(reading, broker, place, (scores, side, IsWarm: true));
        scores.Add(place, Metric.CpuOnceAndOnce, side, produced.CpuSecondsPerGigabyte + warm.CpuSecondsPerGigabyte);
        scores.Add(place, Metric.PeakMemory, side, broker.Figures().PeakResidentBytes / 1e6);

        await broker.StopAsync();
        PageCache.Drop(broker.DataDirectory);
        await broker.StartAsync();
        _ = Read(reading, broker, place, (scores, side, IsWarm: false));
        await Arena.DeleteTopicAsync(broker, topic);
    }

    private LoadResult Read(
        ConsumeLoad reading, BrokerProcess broker, (string Row, bool Synced) place, (Scoreboard Scores, Contender Side, bool IsWarm) into)
    {
        var result = reading.Run(broker.ProcessId);
        into.Scores.Add(place, Metric.ConsumeRate(into.IsWarm, into.IsWarm ? size.WarmGoal : ColdGoal), into.Side, result.MegabytesPerSecond, result.ClientShare);
        into.Scores.Add(place, Metric.ConsumeCpu(into.IsWarm), into.Side, result.CpuSecondsPerGigabyte);
        return result;
    }
}
