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
        return
        [
            [
                rig.Cluster.Name, $"{all.Length}", $"{moved}", Figures.Seconds(lastMove - serves), Figures.Seconds(lastMove - begun),
                Figures.Milliseconds(Figures.At(before, 0.5)), Figures.Milliseconds(Figures.At(before, 0.99)),
                Figures.Milliseconds(Figures.At(meanwhile, 0.5)), Figures.Milliseconds(Figures.At(meanwhile, 0.99)), $"{probe.Failed}",
            ],
        ];
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
