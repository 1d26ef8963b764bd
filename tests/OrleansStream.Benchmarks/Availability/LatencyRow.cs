using Confluent.Kafka;
using OrleansStream.Testing.Clusters;

namespace OrleansStream.Benchmarks.Availability;

/// <summary>Produce latency at a rate that storage bears easily, beside that of bare writes of the same size at the same rate.</summary>
internal sealed class LatencyRow : IAvailabilityRow
{
    private const int Partitions = 30;
    private const double RecordsPerSecond = 1_000;
    private const int RecordBytes = 1_000;
    private const int DefaultRounds = 3;
    private const double ClientLingerMs = 5;

    // That of topics without a latency class of their own (docs/operations/costs.md).
    private const double BrokerLingerMs = 20;
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Span = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public string Name => "latency";

    public IReadOnlyList<string> Columns => ["1,000 records/s of 1 KB", "p50, ms", "p99, ms", "blocks/s", "mean block, KB", "bare p50, ms", "bare p99, ms", "both lingers + 3 x bare p50, ms"];

    public async Task<IReadOnlyList<IReadOnlyList<string>>> MeasureAsync(AvailabilityOptions options)
    {
        await using var rig = await Rig.StartAsync(options, isDirect: true);
        if (rig.Cluster is not BlobCluster cluster) return [[$"{rig.Cluster.Name} writes to no storage", "", "", "", "", "", "", ""]];
        string[] topics = ["latency"];
        await rig.CreateAsync(topics, Partitions);
        TopicPartition[] all = [.. rig.Leaders(topics).Keys];
        var lines = new List<IReadOnlyList<string>>();
        for (var round = 0; round < (options.Rounds ?? DefaultRounds); round++)
        {
            var (latencies, written) = await ProduceAsync(cluster, all);
            var perSecond = written.Blocks / Span.TotalSeconds;
            var bytes = (int)written.MeanBlockBytes;
            var bare = await (await BareWriter.CreateAsync(cluster, bytes)).WriteAsync(perSecond, Span);
            var limit = TimeSpan.FromMilliseconds(ClientLingerMs + BrokerLingerMs) + (3 * Figures.At(bare, 0.5)!.Value);
            lines.Add(
            [
                $"round {round + 1}", Figures.Milliseconds(Figures.At(latencies, 0.5)), Figures.Milliseconds(Figures.At(latencies, 0.99)), Figures.Number(perSecond), Figures.Number(bytes / 1000.0),
                Figures.Milliseconds(Figures.At(bare, 0.5)), Figures.Milliseconds(Figures.At(bare, 0.99)), Figures.Milliseconds(limit),
            ]);
            Console.WriteLine($"  {string.Join(" | ", lines[^1])}");
        }
        return lines;
    }

    private static async Task<(IReadOnlyList<TimeSpan> Latencies, StorageTraffic Written)> ProduceAsync(BlobCluster cluster, TopicPartition[] all)
    {
        await using var probe = new AckProbe(cluster.Bootstrap, all, RecordsPerSecond, RecordBytes);
        await probe.AllSinceAsync(TimeSpan.Zero, all, Limit);
        await Task.Delay(Settled);
        var (from, blocks) = (probe.Now, await StorageTraffic.ReadAsync(cluster.Brokers));
        await Task.Delay(Span);
        var (to, written) = (probe.Now, await StorageTraffic.ReadAsync(cluster.Brokers) - blocks);
        return ([.. probe.Acks().Where(ack => ack.Offered >= from && ack.Offered < to).Select(ack => ack.Latency)], written);
    }
}
