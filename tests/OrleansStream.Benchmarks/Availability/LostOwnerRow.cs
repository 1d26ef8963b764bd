using Confluent.Kafka;
using OrleansStream.Testing.Brokers;

namespace OrleansStream.Benchmarks.Availability;

/// <summary>A broker is killed, or frozen: how long until a record is acknowledged on each partition that it led.</summary>
internal sealed class LostOwnerRow(bool isFrozen) : IAvailabilityRow
{
    private const int Partitions = 30;
    private const int KillRounds = 20;
    private const int FreezeRounds = 5;
    private const double RecordsPerSecond = 600;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan Calm = TimeSpan.FromSeconds(5);

    public string Name => isFrozen ? "freeze" : "kill";

    public IReadOnlyList<string> Columns => [isFrozen ? "owner frozen (SIGSTOP), a new client" : "owner killed (SIGKILL)", "rounds", "partitions hit", "p50, s", "p99, s", "worst, s", "others' longest gap, s", "not back", "deliveries failed"];

    public async Task<IReadOnlyList<IReadOnlyList<string>>> MeasureAsync(AvailabilityOptions options)
    {
        var rounds = options.Rounds ?? (isFrozen ? FreezeRounds : KillRounds);
        await using var rig = await Rig.StartAsync(options);
        string[] topics = ["lost-owner"];
        await rig.CreateAsync(topics, Partitions);
        TopicPartition[] all = [.. rig.Leaders(topics).Keys];
        await using var probe = new AckProbe(rig.Cluster.Bootstrap, all, RecordsPerSecond);
        await probe.AllSinceAsync(TimeSpan.Zero, all, Limit);

        var (times, gaps, hit) = (new List<TimeSpan>(), new List<TimeSpan>(), 0);
        for (var round = 0; round < rounds; round++)
        {
            await Task.Delay(Calm);
            var broker = rig.Cluster.Brokers[round % rig.Cluster.Brokers.Count];
            await rig.UntilItLeadsAsync(broker, topics, Limit);
            var led = rig.Leaders(topics).Where(leader => leader.Value == broker.Id).Select(leader => leader.Key).ToList();

            var begun = probe.Now;
            if (isFrozen) broker.Pause();
            else await broker.KillAsync();
            var first = isFrozen ? await ServedByOthersAsync(rig, broker, led, () => probe.Now) : await ServedAsync(probe, begun, led);
            times.AddRange(first.Values.Select(time => time - begun));
            hit += led.Count;
            gaps.AddRange(OthersGaps(probe, begun, led));
            Console.WriteLine($"  round {round + 1}: broker {broker.Id} led {led.Count}, {first.Count} back, worst {Figures.Seconds(Figures.At(first.Values.Select(time => time - begun), 1))} s");

            if (isFrozen) broker.Resume();
            if (isFrozen) await Rig.BackAsync(broker);
            else await broker.StartAsync();
        }
        return
        [
            [
                rig.Cluster.Name, $"{rounds}", $"{hit}", Figures.Seconds(Figures.At(times, 0.5)), Figures.Seconds(Figures.At(times, 0.99)), Figures.Seconds(Figures.At(times, 1)),
                Figures.Seconds(Figures.At(gaps, 1)), $"{hit - times.Count}", $"{probe.Failed}",
            ],
        ];
    }

    private static async Task<IReadOnlyDictionary<TopicPartition, TimeSpan>> ServedAsync(AckProbe probe, TimeSpan begun, IReadOnlyCollection<TopicPartition> led)
    {
        await probe.AllSinceAsync(begun, led, Limit);
        return probe.FirstSince(begun, led);
    }

    // A client of librdkafka waits a minute for a broker that took its request and says nothing (socket.timeout.ms). When others serve, one hears that comes
    // anew, asks those who live, and asks again as long as they name the frozen one.
    private static async Task<IReadOnlyDictionary<TopicPartition, TimeSpan>> ServedByOthersAsync(Rig rig, BrokerProcess frozen, List<TopicPartition> led, Func<TimeSpan> now)
    {
        var living = string.Join(',', rig.Cluster.Brokers.Where(broker => broker != frozen).Select(broker => broker.Bootstrap));
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = living }).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
        await Rig.UntilAsync(() => admin.GetMetadata(led[0].Topic, Limit).Topics[0].Partitions.All(partition => partition.Leader != frozen.Id), Limit);
        await using var fresh = new AckProbe(living, led, RecordsPerSecond);
        var offset = now() - fresh.Now;
        await fresh.AllSinceAsync(TimeSpan.Zero, led, Limit);
        return fresh.FirstSince(TimeSpan.Zero, led).ToDictionary(entry => entry.Key, entry => entry.Value + offset);
    }

    // A client has one queue for each broker: those that live should not notice.
    private static IEnumerable<TimeSpan> OthersGaps(AckProbe probe, TimeSpan begun, List<TopicPartition> led)
    {
        var hit = led.ToHashSet();
        return probe.Acks().Where(ack => ack.Acknowledged >= begun && !hit.Contains(ack.Partition)).GroupBy(ack => ack.Partition)
            .Select(acks => acks.Zip(acks.Skip(1), (before, after) => after.Acknowledged - before.Acknowledged).DefaultIfEmpty().Max());
    }
}
