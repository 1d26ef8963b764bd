using Confluent.Kafka;
using OrleansStream.Testing.Brokers;

namespace OrleansStream.Benchmarks.Availability;

/// <summary>Five thousand partitions over the cluster: how long creating them takes, and how soon they are back when all brokers are started anew.</summary>
internal sealed class ManyPartitionsRow : IAvailabilityRow
{
    private const int Topics = 50;
    private const int PartitionsOfTopic = 100;
    private const int Sampled = 100;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    public string Name => "partitions";

    public IReadOnlyList<string> Columns => ["5,000 partitions", "created, s", "all written first, s", "all brokers started anew after", $"a record on each of {Sampled} partitions, s", "on each of all, s", "all brokers ready, s"];

    public async Task<IReadOnlyList<IReadOnlyList<string>>> MeasureAsync(AvailabilityOptions options)
    {
        await using var rig = await Rig.StartAsync(options);
        var topics = Enumerable.Range(0, Topics).Select(topic => $"many-{topic}").ToList();
        var start = TimeProvider.System.GetTimestamp();
        await rig.CreateAsync(topics, PartitionsOfTopic);
        var created = TimeProvider.System.GetElapsedTime(start);
        TopicPartition[] all = [.. rig.Leaders(topics).Keys];
        Console.WriteLine($"  created in {Figures.Seconds(created)} s");

        // A log that was never written to opens too easily.
        var written = await WriteEachAsync(rig, all);
        Console.WriteLine($"  written in {Figures.Seconds(written)} s");
        var lines = new List<IReadOnlyList<string>>();
        foreach (var isCrash in (bool[])[false, true])
        {
            foreach (var broker in rig.Cluster.Brokers) await EndAsync(broker, isCrash);
            start = TimeProvider.System.GetTimestamp();
            foreach (var broker in rig.Cluster.Brokers) broker.Launch();
            var ready = ReadyAsync(rig, start);
            var sample = await WriteEachAsync(rig, [.. all.Where((_, index) => index % (all.Length / Sampled) == 0)]);
            var sampled = sample is null ? (TimeSpan?)null : TimeProvider.System.GetElapsedTime(start);
            var rest = await WriteEachAsync(rig, all);
            var back = rest is null ? (TimeSpan?)null : TimeProvider.System.GetElapsedTime(start);
            lines.Add([rig.Cluster.Name, Figures.Seconds(created), Figures.Seconds(written), isCrash ? "kill -9" : "SIGTERM", Figures.Seconds(sampled), Figures.Seconds(back), Figures.Seconds(await ready)]);
            Console.WriteLine($"  {string.Join(" | ", lines[^1])}");
        }
        return lines;
    }

    private static async Task<TimeSpan> ReadyAsync(Rig rig, long start)
    {
        await Task.WhenAll(rig.Cluster.Brokers.Select(broker => broker.ReadyAsync()));
        return TimeProvider.System.GetElapsedTime(start);
    }

    private static async Task EndAsync(BrokerProcess broker, bool isCrash)
    {
        if (isCrash) await broker.KillAsync();
        else await broker.StopAsync();
    }

    // One record each, and as much patience as it takes.
    private static async Task<TimeSpan?> WriteEachAsync(Rig rig, IReadOnlyList<TopicPartition> partitions)
    {
        var start = TimeProvider.System.GetTimestamp();
        var acknowledged = 0;
        var config = new ProducerConfig { BootstrapServers = rig.Cluster.Bootstrap, MessageTimeoutMs = (int)Limit.TotalMilliseconds };
        using var producer = new ProducerBuilder<Null, byte[]>(config).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
        foreach (var partition in partitions)
        {
            producer.Produce(partition, new() { Value = [1] }, report => { if (!report.Error.IsError) Interlocked.Increment(ref acknowledged); });
        }
        var all = await Rig.UntilAsync(() => Volatile.Read(ref acknowledged) == partitions.Count, Limit);
        return all is null ? null : TimeProvider.System.GetElapsedTime(start);
    }
}
