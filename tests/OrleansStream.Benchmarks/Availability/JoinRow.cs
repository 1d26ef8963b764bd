using Confluent.Kafka;
using OrleansStream.Testing.Brokers;

namespace OrleansStream.Benchmarks.Availability;

/// <summary>A fourth broker joins: how long until its share of a thousand partitions has moved, and what producers notice meanwhile.</summary>
internal sealed class JoinRow : IAvailabilityRow
{
    private const int Topics = 10;
    private const int PartitionsOfTopic = 100;
    private const double RecordsPerSecond = 1_000;
    private static readonly TimeSpan Before = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    public string Name => "join";

    public IReadOnlyList<string> Columns =>
        ["a fourth broker joins", "partitions", "moved to it", "from serving to the last move, s", "from its start, s", "p50 before, ms", "p99 before, ms", "p50 meanwhile, ms", "p99 meanwhile, ms", "deliveries failed"];

    public async Task<IReadOnlyList<IReadOnlyList<string>>> MeasureAsync(AvailabilityOptions options)
    {
        await using var rig = await Rig.StartAsync(options);
        var topics = Enumerable.Range(0, Topics).Select(topic => $"join-{topic}").ToList();
        await rig.CreateAsync(topics, PartitionsOfTopic);
        TopicPartition[] all = [.. rig.Leaders(topics).Keys];
        await using var probe = new AckProbe(rig.Cluster.Bootstrap, all, RecordsPerSecond);
        await probe.AllSinceAsync(TimeSpan.Zero, all, Limit);

        // Each partition has been opened by now, and clients and brokers are warm.
        await Task.Delay(Settled);
        var calm = probe.Now;
        await Task.Delay(Before);
        var begun = probe.Now;
        var broker = rig.Cluster.Add();
        await broker.StartAsync();
        var serves = probe.Now;
        var (moved, lastMove) = await MovedAsync(rig, probe, broker, topics);
        await probe.AllSinceAsync(lastMove, all, Limit);

        var acks = probe.Acks();
        var before = acks.Where(ack => ack.Offered >= calm && ack.Offered < begun).Select(ack => ack.Latency).ToList();
        var meanwhile = acks.Where(ack => ack.Offered >= begun && ack.Offered < lastMove).Select(ack => ack.Latency).ToList();
        WriteSlow([.. acks.Where(ack => ack.Offered >= begun && ack.Offered < lastMove)], (Figures.At(before, 0.99) ?? default) * 3, begun);
        return
        [
            [
                rig.Cluster.Name, $"{all.Length}", $"{moved}", Figures.Seconds(lastMove - serves), Figures.Seconds(lastMove - begun),
                Figures.Milliseconds(Figures.At(before, 0.5)), Figures.Milliseconds(Figures.At(before, 0.99)),
                Figures.Milliseconds(Figures.At(meanwhile, 0.5)), Figures.Milliseconds(Figures.At(meanwhile, 0.99)), $"{probe.Failed}",
            ],
        ];
    }

    // When the slow ones were offered tells who is to blame: the process that starts, or the partitions that move.
    private static void WriteSlow(IReadOnlyList<Ack> acks, TimeSpan limit, TimeSpan begun)
    {
        var slow = acks.Where(ack => ack.Latency > limit).ToList();
        Console.WriteLine($"  {slow.Count} of {acks.Count} records took more than three times the p99 before ({Figures.Milliseconds(limit)} ms), of {slow.Select(ack => ack.Partition).Distinct().Count()} partitions");
        foreach (var second in slow.GroupBy(ack => (int)(ack.Offered - begun).TotalSeconds).OrderBy(second => second.Key))
            Console.WriteLine($"    in second {second.Key}: {second.Count()}, the slowest {Figures.Milliseconds(second.Max(ack => ack.Latency))} ms");
    }

    // How much is its share is the placement's affair: it has moved when nothing has for a while.
    private static async Task<(int Moved, TimeSpan LastMove)> MovedAsync(Rig rig, AckProbe probe, BrokerProcess broker, List<string> topics)
    {
        var (moved, lastMove, begun) = (0, probe.Now, probe.Now);
        while (probe.Now - begun < Limit && (moved == 0 || probe.Now - lastMove < Settled))
        {
            await Task.Delay(LookInterval);
            var leads = rig.Leaders(topics).Values.Count(leader => leader == broker.Id);
            if (leads != moved) (moved, lastMove) = (leads, probe.Now);
        }
        return (moved, lastMove);
    }
}
