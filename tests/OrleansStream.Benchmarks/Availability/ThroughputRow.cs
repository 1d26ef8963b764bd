using Confluent.Kafka;
using OrleansStream.Testing.Clusters;

namespace OrleansStream.Benchmarks.Availability;

/// <summary>How much a broker writes to storage of what a bare client writes there, with blocks of the size that the broker chose; one after the other, in turns.</summary>
internal sealed class ThroughputRow : IAvailabilityRow
{
    private const int Partitions = 30;
    private const int RecordBytes = 10_000;
    private const int DefaultRounds = 3;
    private const double Megabyte = 1_000_000;
    private static readonly TimeSpan Span = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public string Name => "throughput";

    public IReadOnlyList<string> Columns =>
        ["produce through one of three brokers", "MB/s", "mean block, KB", "bare client, MB/s", "ratio", "Azurite with broker, % of a core", "Azurite with bare client, % of a core"];

    public async Task<IReadOnlyList<IReadOnlyList<string>>> MeasureAsync(AvailabilityOptions options)
    {
        await using var rig = await Rig.StartAsync(options);
        if (rig.Cluster is not BlobCluster cluster) return [[$"{rig.Cluster.Name} writes to no storage", "", "", "", "", "", ""]];
        string[] topics = ["throughput"];
        await rig.CreateAsync(topics, Partitions);
        var owner = cluster.Brokers[0];
        await rig.UntilItLeadsAsync(owner, topics, Limit);
        TopicPartition[] led = [.. rig.Leaders(topics).Where(leader => leader.Value == owner.Id).Select(leader => leader.Key)];
        using var load = new FullLoad(owner.Bootstrap, led, RecordBytes);
        await load.RunAsync(Span); // Warm.

        var lines = new List<IReadOnlyList<string>>();
        for (var round = 0; round < (options.Rounds ?? DefaultRounds); round++)
        {
            var (blocks, cpu) = (Blocks(cluster), cluster.Azurite.Figures().Cpu);
            var ours = await load.RunAsync(Span);
            var oursCpu = Percent(cluster.Azurite.Figures().Cpu - cpu, ours.Time);
            var block = (int)Math.Min(ours.Bytes / Math.Max(1, Blocks(cluster) - blocks), 4 << 20);

            var writer = await BareWriter.CreateAsync(cluster, block);
            cpu = cluster.Azurite.Figures().Cpu;
            var bare = await writer.WriteAsync(Span);
            var bareCpu = Percent(cluster.Azurite.Figures().Cpu - cpu, Span);
            var rate = ours.Bytes / ours.Time.TotalSeconds;
            lines.Add([$"round {round + 1}", Figures.Number(rate / Megabyte), Figures.Number(block / 1000.0), Figures.Number(bare / Megabyte), (rate / bare).ToString("0.00"), oursCpu, bareCpu]);
            Console.WriteLine($"  {string.Join(" | ", lines[^1])}");
        }
        return lines;
    }

    private static long Blocks(BlobCluster cluster) => cluster.StorageRequests.Read().Where(count => count.Key is { Service: "blob", Method: "PUT", What: "w" }).Sum(count => count.Value);

    private static string Percent(TimeSpan cpu, TimeSpan time) => cpu / time is var share && share > 0.9 ? $"**{share * 100:0}**" : $"{share * 100:0}";

    /// <summary>A producer that is never idle.</summary>
    private sealed class FullLoad : IDisposable
    {
        private const int MaxUnanswered = 6_400;

        private readonly IProducer<Null, byte[]> _producer;
        private readonly TopicPartition[] _partitions;
        private readonly byte[] _value;
        private readonly SemaphoreSlim _room = new(MaxUnanswered);
        private long _acknowledged;

        public FullLoad(string bootstrap, TopicPartition[] partitions, int recordBytes)
        {
            (_partitions, _value) = (partitions, new byte[recordBytes]);
            Random.Shared.NextBytes(_value);
            var config = new ProducerConfig { BootstrapServers = bootstrap, LingerMs = 5, BatchSize = 1_000_000 };
            _producer = new ProducerBuilder<Null, byte[]>(config).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
        }

        public async Task<(long Bytes, TimeSpan Time)> RunAsync(TimeSpan span)
        {
            var (start, before) = (TimeProvider.System.GetTimestamp(), Interlocked.Read(ref _acknowledged));
            for (var next = 0; TimeProvider.System.GetElapsedTime(start) < span; next++)
            {
                await _room.WaitAsync();
                _producer.Produce(_partitions[next % _partitions.Length], new() { Value = _value }, Note);
            }
            for (var taken = 0; taken < MaxUnanswered; taken++) await _room.WaitAsync();
            _room.Release(MaxUnanswered);
            return ((Interlocked.Read(ref _acknowledged) - before) * _value.Length, TimeProvider.System.GetElapsedTime(start));
        }

        public void Dispose()
        {
            _producer.Dispose();
            _room.Dispose();
        }

        private void Note(DeliveryReport<Null, byte[]> report)
        {
            if (!report.Error.IsError) Interlocked.Increment(ref _acknowledged);
            _room.Release();
        }
    }
}
