using Confluent.Kafka;
using OrleansStream.Testing.Proxies;

namespace OrleansStream.Benchmarks.Availability;

/// <summary>Storage requests of the whole cluster at a fixed rate of bytes, over few and over many partitions, and of a cluster at rest.</summary>
internal sealed class OperationsRow : IAvailabilityRow
{
    private const int PartitionsOfTopic = 100;
    private const double RecordsPerSecond = 1_000;
    private const int RecordBytes = 1_000;
    private static readonly int[] Sizes = [10, 1_000, 5_000];
    private static readonly TimeSpan Span = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    public string Name => "operations";

    public IReadOnlyList<string> Columns => ["1 MB/s of 1,000 records/s over", "blob writes/s", "of them blocks", "blob reads and lists/s", "table writes/s", "table reads/s", "kinds of blob writes in all"];

    public async Task<IReadOnlyList<IReadOnlyList<string>>> MeasureAsync(AvailabilityOptions options)
    {
        var lines = new List<IReadOnlyList<string>>();
        foreach (var size in Sizes)
        {
            await using var rig = await Rig.StartAsync(options);
            if (rig.Cluster.StorageRequests is not { } requests) return [[$"{rig.Cluster.Name} asks no storage", "", "", "", "", "", ""]];
            var topics = Enumerable.Range(0, Math.Max(1, size / PartitionsOfTopic)).Select(topic => $"operations-{topic}").ToList();
            await rig.CreateAsync(topics, Math.Min(size, PartitionsOfTopic));
            TopicPartition[] all = [.. rig.Leaders(topics).Keys];
            await using (var probe = new AckProbe(rig.Cluster.Bootstrap, all, RecordsPerSecond, RecordBytes))
            {
                // Opening writes a manifest each; that is no part of producing.
                if (!await probe.AllSinceAsync(TimeSpan.Zero, all, Limit)) Console.WriteLine($"  not every one of {size} partitions was written");
                await Task.Delay(Settled);
                lines.Add(await CountAsync($"{size} partitions", requests));
            }
            await Task.Delay(Settled);
            lines.Add(await CountAsync($"{size} partitions at rest", requests));
        }
        return lines;
    }

    private static async Task<IReadOnlyList<string>> CountAsync(string what, RequestCounts requests)
    {
        var before = requests.Read();
        await Task.Delay(Span);
        var counts = requests.Read().Select(count => (Kind: count.Key, Count: count.Value - before.GetValueOrDefault(count.Key))).Where(count => count.Count > 0).ToList();
        var writes = counts.Where(count => count.Kind is { Service: "blob", IsWrite: true }).OrderByDescending(count => count.Count).ToList();
        IReadOnlyList<string> line =
        [
            what, PerSecond(writes), PerSecond(writes.Where(count => count.Kind.What == "w")), PerSecond(counts.Where(count => count.Kind is { Service: "blob", IsWrite: false })),
            PerSecond(counts.Where(count => count.Kind is { Service: "table", IsWrite: true })), PerSecond(counts.Where(count => count.Kind is { Service: "table", IsWrite: false })),
            string.Join(", ", writes.Select(count => $"{count.Kind.Method} {count.Kind.What} {count.Count}")),
        ];
        Console.WriteLine($"  {string.Join(" | ", line)}");
        return line;
    }

    private static string PerSecond(IEnumerable<(RequestKind Kind, long Count)> counts) => Figures.Number(counts.Sum(count => count.Count) / Span.TotalSeconds);
}
