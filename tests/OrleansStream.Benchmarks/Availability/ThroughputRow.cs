using OrleansStream.Testing.Clusters;

namespace OrleansStream.Benchmarks.Availability;

/// <summary>How much a broker writes to storage of what a bare client writes there, with blocks of the size that the broker chose; one after the other, in turns.</summary>
internal sealed class ThroughputRow : IAvailabilityRow
{
    private const int Partitions = 30;
    private const int RecordBytes = 10_000;
    private const int DefaultRounds = 3;
    private const double Megabyte = 1_000_000;
    private const int WarmBlockBytes = 3_000_000;
    private const int QuietLooks = 2;
    private const int MaxLooks = 30;
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan WarmSpan = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan Span = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public string Name => "throughput";

    public IReadOnlyList<string> Columns =>
    [
        "produce through one of three brokers", "MB/s", "mean block, KB", "segments written meanwhile, MB/s", "read back for them, MB/s", "bare client, MB/s", "ratio",
        "Azurite with broker, % of a core", "with bare client, % of a core", "MB moved per second of Azurite, broker", "bare client",
        "ms of processor per MB, brokers", "their client", "bare client",
    ];

    public async Task<IReadOnlyList<IReadOnlyList<string>>> MeasureAsync(AvailabilityOptions options)
    {
        await using var rig = await Rig.StartAsync(options, isDirect: true);
        if (rig.Cluster is not BlobCluster cluster) return [[$"{rig.Cluster.Name} writes to no storage", .. Enumerable.Repeat("", Columns.Count - 1)]];
        string[] topics = ["throughput"];
        await rig.CreateAsync(topics, Partitions);
        var owner = cluster.Brokers[0];
        await rig.UntilItLeadsAsync(owner, topics, Limit);
        int[] led = [.. rig.Leaders(topics).Where(leader => leader.Value == owner.Id).Select(leader => leader.Key.Partition.Value)];
        using var load = new FullLoad(owner.Bootstrap, (topics[0], Partitions), led, RecordBytes);

        // Warm, both of them: what is compiled meanwhile would be charged to whoever comes first.
        await Task.Run(() => load.Run(WarmSpan));
        await (await BareWriter.CreateAsync(cluster, WarmBlockBytes)).WriteAsync(Span);

        var lines = new List<IReadOnlyList<string>>();
        for (var round = 0; round < (options.Rounds ?? DefaultRounds); round++)
        {
            await UntilAtRestAsync(cluster);
            var before = await StorageTraffic.ReadAsync(cluster.Brokers);
            var ours = await MeasuredAsync(cluster, () => Task.Run(() => load.Run(Span)));
            var moved = await StorageTraffic.ReadAsync(cluster.Brokers) - before;
            await UntilAtRestAsync(cluster);
            var writer = await BareWriter.CreateAsync(cluster, (int)moved.MeanBlockBytes);
            var bare = await MeasuredAsync(cluster, () => writer.WriteAsync(Span));
            lines.Add(Line($"round {round + 1}", ours, moved, bare));
            Console.WriteLine($"  {string.Join(" | ", lines[^1])}");
        }
        return lines;
    }

    private static IReadOnlyList<string> Line(string name, Written ours, StorageTraffic moved, Written bare)
    {
        var (segments, read) = (moved.SegmentBytes / Megabyte, moved.ReadBytes / Megabyte);
        return
        [
            name, Figures.Number(ours.Rate), Figures.Number(moved.MeanBlockBytes / 1000), Figures.Number(segments / ours.Time.TotalSeconds), Figures.Number(read / ours.Time.TotalSeconds),
            Figures.Number(bare.Rate), (ours.Rate / bare.Rate).ToString("0.00"), Percent(ours.AzuriteCpu, ours.Time), Percent(bare.AzuriteCpu, bare.Time),
            Figures.Number((ours.Megabytes + segments + read) / ours.AzuriteCpu.TotalSeconds), Figures.Number(bare.Megabytes / bare.AzuriteCpu.TotalSeconds),
            Figures.Number(ours.BrokersCpu.TotalMilliseconds / ours.Megabytes), Figures.Number(ours.ClientCpu.TotalMilliseconds / ours.Megabytes), Figures.Number(bare.ClientCpu.TotalMilliseconds / bare.Megabytes),
        ];
    }

    // Until nothing more is read or cut: neither side is to pay for what the other one left.
    private static async Task UntilAtRestAsync(BlobCluster cluster)
    {
        var (last, quiet) = (await StorageTraffic.ReadAsync(cluster.Brokers), 0);
        for (var looks = 0; quiet < QuietLooks && looks < MaxLooks; looks++)
        {
            await Task.Delay(LookInterval);
            var now = await StorageTraffic.ReadAsync(cluster.Brokers);
            quiet = now.SegmentBytes + now.ReadBytes - last.SegmentBytes - last.ReadBytes < Megabyte ? quiet + 1 : 0;
            last = now;
        }
    }

    private static async Task<Written> MeasuredAsync(BlobCluster cluster, Func<Task<(long Bytes, TimeSpan Time)>> load)
    {
        var (azurite, brokers, client) = Cpu(cluster);
        var (bytes, time) = await load();
        var after = Cpu(cluster);
        return new(bytes / Megabyte, time, after.Azurite - azurite, after.Brokers - brokers, after.Client - client);
    }

    private static (TimeSpan Azurite, TimeSpan Brokers, TimeSpan Client) Cpu(BlobCluster cluster) =>
        (cluster.Azurite.Figures().Cpu, cluster.Brokers.Aggregate(TimeSpan.Zero, (sum, broker) => sum + broker.Figures().Cpu), Environment.CpuUsage.TotalTime);

    private static string Percent(TimeSpan cpu, TimeSpan time) => cpu / time is var share && share > 0.9 ? $"**{share * 100:0}**" : $"{share * 100:0}";

    /// <summary>What was written in a time, and whose processor time it took.</summary>
    private sealed record Written(double Megabytes, TimeSpan Time, TimeSpan AzuriteCpu, TimeSpan BrokersCpu, TimeSpan ClientCpu)
    {
        public double Rate => Megabytes / Time.TotalSeconds;
    }
}
