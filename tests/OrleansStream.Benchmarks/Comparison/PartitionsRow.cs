using OrleansStream.Benchmarks.Load;
using OrleansStream.Testing.Brokers;

namespace OrleansStream.Benchmarks.Comparison;

/// <summary>Many partitions, a hundred to a topic: how long creating them takes, what they cost when idle, and how soon they are back after kill -9.</summary>
internal sealed class PartitionsRow(int partitions) : IComparisonRow
{
    private const int PartitionsOfTopic = 100;
    // Runtimes compile in the background what they have just seen to be hot: for half a minute an idle broker is not idle yet.
    private static readonly TimeSpan SettleTime = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(20);

    public string Name => $"partitions-{partitions}";

    public string Group => Name;

    public bool DependsOnSync => false;

    public async Task RunAsync(Arena arena, Scoreboard scores)
    {
        // One round by default: minutes for Kafka, and the differences are not a matter of noise.
        for (var round = 0; round < (arena.Options.Rounds ?? 1); round++)
        {
            foreach (var side in arena.Order(round)) await RunOnceAsync(arena, scores, side);
        }
    }

    private async Task RunOnceAsync(Arena arena, Scoreboard scores, Contender side)
    {
        var place = (Name, arena.Synced);
        var topics = Enumerable.Range(0, partitions / PartitionsOfTopic).Select(index => $"many-{index:000}").ToList();
        await using var broker = arena.Create(side);
        await broker.StartAsync();

        var start = TimeProvider.System.GetTimestamp();
        await CreateAsync(broker, topics);
        scores.Add(place, Metric.CreateTime, side, TimeProvider.System.GetElapsedTime(start).TotalSeconds);

        // A record in each: a log that was never written to recovers too easily.
        using (var client = FirstRecord.CreateClient(broker.Bootstrap)) _ = FirstRecord.Send(client, topics, PartitionsOfTopic, partitions);

        MonotonicClock.Sleep(SettleTime);
        var before = broker.Figures();
        MonotonicClock.Sleep(IdleTime);
        var after = broker.Figures();
        scores.Add(place, Metric.IdleMemory, side, after.ResidentBytes / 1e6);
        scores.Add(place, Metric.IdleCpu, side, 100 * (after.Cpu - before.Cpu) / IdleTime);

        await CrashAsync(broker, topics, (first, all) =>
        {
            scores.Add(place, Metric.WritableFirst, side, first.TotalSeconds);
            scores.Add(place, Metric.WritableAll, side, all.TotalSeconds);
        });
    }

    private static async Task CreateAsync(BrokerProcess broker, List<string> topics)
    {
        using var admin = Arena.Admin(broker);
        foreach (var topic in topics)
        {
            await admin.CreateTopicsAsync([new() { Name = topic, NumPartitions = PartitionsOfTopic, ReplicationFactor = 1 }]);
        }
        // Created is what has a leader.
        while (admin.GetMetadata(TimeSpan.FromSeconds(30)).Topics.Where(topic => topics.Contains(topic.Topic))
            .Sum(topic => topic.Partitions.Count(partition => partition.Leader >= 0)) < topics.Count * PartitionsOfTopic)
        {
            MonotonicClock.Sleep(TimeSpan.FromMilliseconds(20));
        }
    }

    private static async Task CrashAsync(BrokerProcess broker, List<string> topics, Action<TimeSpan, TimeSpan> report)
    {
        await broker.KillAsync();
        var start = TimeProvider.System.GetTimestamp();
        broker.Launch();
        using var client = FirstRecord.CreateClient(broker.Bootstrap);
        _ = FirstRecord.Send(client, topics, PartitionsOfTopic, wanted: 1);
        var first = TimeProvider.System.GetElapsedTime(start);
        FirstRecord.WaitFor(client, topics.Count * PartitionsOfTopic, start);
        report(first, TimeProvider.System.GetElapsedTime(start));
    }
}
